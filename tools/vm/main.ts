// SPDX-License-Identifier: Apache-2.0
// Tests in virtual machines: `npm run test:vm`, or of some kernels and suites only:
// `node tools/vm/main.ts kernel --suite bookworm test/vm/guest/kinds.test.ts`.
import { parseArgs } from 'node:util';
import { runKernel, SUITES_OF_TESTS, transformTests } from './kernel-lane.ts';
import { SUITES } from './kernels.ts';
import { writeMatrix } from './matrix.ts';
import { printKernel, printTotal } from './summary.ts';
import { missingTools } from './tools.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { suite: { type: 'string', multiple: true }, write: { type: 'boolean' } },
});
const [lane = 'kernel', ...tests] = positionals;

if (lane !== 'kernel') {
  console.error(`no such lane: ${lane}`);
  process.exit(2);
}
process.exitCode = (await kernelLane()) ? 0 : 1;

async function kernelLane(): Promise<boolean> {
  const missing = missingTools('kernel');
  if (missing.length > 0) {
    console.log(
      `kernel lane not run: ${missing.join(', ')} missing. \`npm run setup:vm\` installs what it needs`,
    );
    console.log('0 passed, 0 failed, 0 skipped');
    return true;
  }
  const wanted = tests.length > 0 ? tests : SUITES_OF_TESTS;
  transformTests(wanted);
  const runs = [];
  for (const suite of values.suite ?? SUITES) {
    const one = await runKernel(suite, wanted);
    printKernel(one);
    runs.push(one);
  }
  if (values.write === true) writeMatrix(runs);
  return printTotal(runs);
}
