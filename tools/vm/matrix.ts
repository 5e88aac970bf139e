// SPDX-License-Identifier: Apache-2.0
// docs/kernels.md: what works on which kernel, written from the results of a run of the kernel lane.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelRun } from './kernel-lane.ts';
import { ROOT } from './paths.ts';
import { countsOf, type TestResult } from './vitest-report.ts';

/** Tests in this folder are features: a row each. Others are suites: a row for each file. */
const FEATURES = 'test/vm/guest/';

const HEAD = `# Kernels

Written by \`node tools/vm/main.ts --lane kernel --write\` from the results of tests in guests with these kernels; do not edit. A
guest is a virtual machine that runs the tests of a checkout on one of Debian's cloud kernels, with two virtio_net devices.

**yes**: tested in that guest and passed. **no**: the kernel lacks it, found by trying; a document that needs it is refused
with the version or the option that brings it. **fails**: a defect of Weir there. Each kind of \`link\`, \`qdisc\` and \`filter\` is
a document that is applied, shown by \`ip\` and \`tc\`, planned to nothing and taken back; the modules load by themselves.
`;

/** Write the page from runs of all kernels. */
export function writeMatrix(runs: readonly KernelRun[]): void {
  writeFileSync(join(ROOT, 'docs/kernels.md'), matrixText(runs));
}

/** The page, of the kernels that were tested. */
export function matrixText(runs: readonly KernelRun[]): string {
  const tested = runs.filter(({ results }) => results.length > 0);
  return [HEAD, overview(tested), features(tested), suites(tested)].join('\n');
}

function overview(runs: readonly KernelRun[]): string {
  const rows = runs.map(({ kernel, suite, results }) => {
    const { passed, failed, skipped } = countsOf(results);
    return [kernel?.series ?? '', `\`${kernel?.release}\``, suite, passed, failed, skipped];
  });
  return `## Tested\n\n${table(['Linux', 'release', 'Debian suite', 'passed', 'failed', 'skipped'], rows)}`;
}

function features(runs: readonly KernelRun[]): string {
  const areas = new Map<string, string[]>();
  for (const { results } of runs)
    for (const { file, titles } of results) {
      if (!file.startsWith(FEATURES)) continue;
      const [area, row] = [titles.slice(0, -1).join(', ') || 'other', titles.at(-1) ?? ''];
      const rows = areas.get(area) ?? [];
      if (!rows.includes(row)) areas.set(area, [...rows, row]);
    }
  const heads = runs.map(({ kernel }) => kernel?.series ?? '');
  const sections = [...areas].map(([area, rows]) => {
    const cells = rows.map((row) => [row, ...runs.map((run) => support(run, area, row))]);
    return `### ${area}\n\n${table(['', ...heads], cells)}`;
  });
  return `## Features\n\n${sections.join('\n')}`;
}

function support({ results }: KernelRun, area: string, row: string): string {
  const found = results.find(
    ({ file, titles }) =>
      file.startsWith(FEATURES) &&
      (titles.slice(0, -1).join(', ') || 'other') === area &&
      titles.at(-1) === row,
  );
  if (found === undefined) return '';
  const words = { passed: 'yes', failed: '**fails**', skipped: `no: ${found.why ?? ''}` };
  return words[found.outcome];
}

function suites(runs: readonly KernelRun[]): string {
  const files = [...new Set(runs.flatMap(({ results }) => results.map(({ file }) => file)))].sort();
  const cell = (run: KernelRun, name: string) => {
    const { passed, failed, skipped } = countsOf(of(run, name));
    const more = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''];
    return [`${passed} passed`, ...more.filter((one) => one !== '')].join(', ');
  };
  const heads = runs.map(({ kernel }) => kernel?.series ?? '');
  const rows = files
    .filter((name) => !name.startsWith('('))
    .map((name) => [`\`${name}\``, ...runs.map((run) => cell(run, name))]);
  return `## Suites\n\n${table(['', ...heads], rows)}`;
}

function of({ results }: KernelRun, name: string): readonly TestResult[] {
  return results.filter(({ file }) => file === name);
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`;
  return line(heads) + line(heads.map(() => '---')) + rows.map(line).join('');
}
