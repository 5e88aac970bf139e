// SPDX-License-Identifier: Apache-2.0
// A process with an engine that is killed by the step of a given number: STATE_DIRECTORY DOCUMENT_FILE, and then a line
// on standard input, `apply N` or `recover N`. It prints what became of the change when it was not killed.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { recover } from '../../src/engine/recovery.ts';
import { documentsIn, testEngine } from './engine.ts';

const [directory = '', file = ''] = process.argv.slice(2);
const documents = documentsIn(readFileSync(file, 'utf8'));
const asker = { who: 'test', peers: [] };

for await (const line of createInterface({ input: process.stdin })) {
  const [what, deadly] = line.split(' ');
  await using test = testEngine(directory);
  let step = 0;
  test.beforeStep = () => {
    if (step++ === Number(deadly)) process.kill(process.pid, 'SIGKILL');
  };
  if (what === 'recover') await recover(test.engine);
  else {
    const wish = { confirmSeconds: 0, probes: ['none'] };
    const report = await test.engine.apply({ documents, prune: true }, wish, asker);
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  break;
}
