// SPDX-License-Identifier: Apache-2.0
// Tests in virtual machines: `npm run test:vm`, or of some kernels and suites only:
// `node tools/vm/main.ts kernel --suite bookworm test/vm/guest/kinds.test.ts`.
import { parseArgs } from 'node:util';
import { runDrills } from './drill-lane.ts';
import { runKernel, SUITES_OF_TESTS, transformTests } from './kernel-lane.ts';
import { SUITES } from './kernels.ts';
import { writeMatrix } from './matrix.ts';
import { printKernel, printTests, printTotal } from './summary.ts';
import { type Lane, missingTools } from './tools.ts';
import { runVagrant } from './vagrant-lane.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    suite: { type: 'string', multiple: true },
    cuts: { type: 'string', default: '20' },
    nodes: { type: 'string', default: 'gateway,client,edge1' },
    write: { type: 'boolean' },
  },
});
const [lane = 'all', ...tests] = positionals;

const LANES: Readonly<Record<string, () => Promise<boolean>>> = {
  kernel: kernelLane,
  drills: drillLane,
  vagrant: vagrantLane,
};
const chosen = lane === 'all' ? Object.keys(LANES) : [lane];
for (const name of chosen)
  if (LANES[name] === undefined) {
    console.error(`no such lane: ${name}; there are ${Object.keys(LANES).join(', ')}`);
    process.exit(2);
  }
const good: boolean[] = [];
for (const name of chosen) good.push((await LANES[name]?.()) ?? false);
process.exitCode = good.includes(false) ? 1 : 0;

async function kernelLane(): Promise<boolean> {
  if (!hasTools('kernel')) return true;
  const wanted = tests.length > 0 ? tests : SUITES_OF_TESTS;
  transformTests(wanted);
  const runs = [];
  for (const suite of values.suite ?? SUITES) {
    const one = await runKernel(suite, wanted);
    printKernel(one);
    runs.push(one);
  }
  if (values.write === true) writeMatrix(runs);
  return printTotal('kernels', runs);
}

async function drillLane(): Promise<boolean> {
  if (!hasTools('kernel')) return true;
  const [suite = 'bookworm'] = values.suite ?? [];
  const run = await runDrills(suite, Number(values.cuts));
  printTests(run);
  return printTotal('drills', [run]);
}

async function vagrantLane(): Promise<boolean> {
  if (!hasTools('vagrant')) return true;
  const run = await runVagrant(values.nodes.split(','));
  printTests(run);
  return printTotal('vagrant', [run]);
}

function hasTools(needed: Lane): boolean {
  const missing = missingTools(needed);
  if (missing.length === 0) return true;
  console.log(
    `${needed} lane not run: ${missing.join(', ')} missing. \`npm run setup:vm\` installs what it needs`,
  );
  return false;
}
