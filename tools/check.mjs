// SPDX-License-Identifier: Apache-2.0
// The whole check of a checkout: formatting, lint, import rules, types, regeneration, the addon's own test and every
// test, on this kernel and on others. Ends with one line `N passed, N failed, N skipped`. Run by `npm test` after the set-up.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = join(root, 'node_modules/.bin/node');
const bin = (name) => join(root, 'node_modules/.bin', name);
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };

/** Each gate counts as one test. */
const GATES = [
  ['format and lint', bin('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']],
  ['import rules', bin('depcruise'), ['--config', '.dependency-cruiser.mjs', 'src']],
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  ['types of the pure layers', bin('tsc'), ['-p', 'tsconfig.pure.json']],
  ['generated codecs are current', node, ['tools/codegen/main.ts', '--check']],
  ['eBPF programs and their decoders are current', node, ['tools/ebpf/main.ts', '--check']],
  ['docs/metrics.md is current', node, ['tools/metrics-doc.ts', '--check']],
  ['docs/documents.md is current', node, ['tools/documents-doc.ts', '--check']],
  ['packaging/weir.schema.json is current', node, ['tools/settings-schema.ts', '--check']],
  ['addon under sanitizers', 'sh', ['native/test/run.sh']],
];

const totals = { passed: 0, failed: 0, skipped: 0 };

function gate([name, command, args]) {
  const started = Date.now();
  const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const good = done.status === 0;
  totals[good ? 'passed' : 'failed']++;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!good) console.log(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}`);
}

function tests() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const report = join(root, '.cache/vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const done = spawnSync(node, [bin('vitest'), 'run', ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  const result = JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests;
  totals.skipped += result.numPendingTests + result.numTodoTests;
  // A suite that could not even be loaded, or an unhandled error, fails no single test.
  if (done.status !== 0 && result.numFailedTests === 0) totals.failed++;
}

/**
 * The same checkout in guests with other kernels; WEIR_VM_LANES names more lanes (`kernel,drills,vagrant`), or none. What
 * this machine cannot set up is told, and is neither passed nor failed.
 */
function machines() {
  const part = process.env['WEIR_VM_LANES'] ?? 'kernel';
  if (part === '' || process.argv.length > 2) return;
  const file = join(root, '.cache/vm-totals.json');
  rmSync(file, { force: true });
  const lanes = part.split(',').flatMap((name) => ['--lane', name]);
  const few = ['--cuts', '3', '--nodes', 'gateway,client', '--minutes', '22'];
  const args = ['tools/vm/main.ts', ...lanes, ...few, '--totals', file];
  spawnSync(node, args, { cwd: root, env, stdio: 'inherit' });
  if (!existsSync(file)) {
    console.log('virtual machines: ended without a result');
    return;
  }
  const result = JSON.parse(readFileSync(file, 'utf8'));
  for (const key of Object.keys(totals)) totals[key] += result[key];
}

for (const entry of GATES) gate(entry);
tests();
machines();
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;
