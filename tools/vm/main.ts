// SPDX-License-Identifier: Apache-2.0
// Tests in virtual machines: `npm run test:vm`, or of some kernels and suites only:
// `node tools/vm/main.ts --lane kernel --suite bookworm test/vm/guest/kinds.test.ts`.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { setBudget } from './budget.ts';
import { runDrills } from './drill-lane.ts';
import { type KernelRun, lastRun, runKernel, SUITES_OF_TESTS, transformTests } from './kernel-lane.ts';
import { SUITES } from './kernels.ts';
import { writeMatrix } from './matrix.ts';
import { type LaneRun, printKernel, printTests, printTotal, tail } from './summary.ts';
import { type Lane, missingTools } from './tools.ts';
import { runVagrant } from './vagrant-lane.ts';

const { values, positionals: tests } = parseArgs({
  allowPositionals: true,
  options: {
    lane: { type: 'string', multiple: true, default: ['kernel', 'drills', 'vagrant'] },
    suite: { type: 'string', multiple: true },
    cuts: { type: 'string', default: '20' },
    nodes: { type: 'string', default: 'gateway,client,edge1' },
    parallel: { type: 'string', default: String(Math.min(availableParallelism(), 3)) },
    minutes: { type: 'string', default: '120' },
    write: { type: 'boolean' },
    totals: { type: 'string' },
  },
});

const LANES: Readonly<Record<string, () => Promise<readonly LaneRun[]>>> = {
  kernel: kernelLane,
  drills: drillLane,
  vagrant: vagrantLane,
};
const unknown = values.lane.find((name) => LANES[name] === undefined);
if (unknown !== undefined) {
  console.error(`no such lane: ${unknown}; there are ${Object.keys(LANES).join(', ')}`);
  process.exit(2);
}
setBudget(Number(values.minutes));
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const name of values.lane) {
  const counts = printTotal(name, (await LANES[name]?.()) ?? []);
  for (const key of ['passed', 'failed', 'skipped'] as const) totals[key] += counts[key];
  // after each lane: what is known by then counts
  if (values.totals !== undefined) writeFileSync(values.totals, JSON.stringify(totals));
}
if (values.totals === undefined) console.log(tail(totals));
process.exitCode = totals.failed === 0 ? 0 : 1;

async function kernelLane(): Promise<readonly LaneRun[]> {
  if (!hasTools('kernel')) return [];
  const wanted = tests.length > 0 ? tests : SUITES_OF_TESTS;
  transformTests(wanted);
  const suites = [...(values.suite ?? SUITES)];
  const runs: KernelRun[] = [];
  const worker = async () => {
    for (let suite = suites.shift(); suite !== undefined; suite = suites.shift()) {
      const one = await runKernel(suite, wanted);
      printKernel(one);
      runs.push(one);
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
  runs.sort((a, b) => versionOf(a) - versionOf(b));
  if (values.write === true) writeMatrix(SUITES.map(lastRun));
  return runs;
}

async function drillLane(): Promise<readonly LaneRun[]> {
  if (!hasTools('kernel')) return [];
  const [suite = 'bookworm'] = values.suite ?? [];
  const run = await runDrills(suite, Number(values.cuts));
  printTests(run);
  return [run];
}

async function vagrantLane(): Promise<readonly LaneRun[]> {
  if (!hasTools('vagrant')) return [];
  const run = await runVagrant(values.nodes.split(','));
  printTests(run);
  return [run];
}

function hasTools(needed: Lane): boolean {
  const missing = missingTools(needed);
  if (missing.length === 0) return true;
  console.log(
    `${needed} lane not run: ${missing.join(', ')} missing. \`npm run setup:vm\` installs what it needs`,
  );
  return false;
}

/** 6.12 is above 6.1. */
function versionOf({ kernel }: KernelRun): number {
  const [major = 0, minor = 0] = (kernel?.series ?? '').split('.').map(Number);
  return major * 1000 + minor;
}
