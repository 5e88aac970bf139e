// SPDX-License-Identifier: Apache-2.0
// What a guest does in a drill: `first` learns all sides, `cut SUBJECT MODE` verifies what the last power cut left and begins the
// change in which the host cuts the power again, `last` only verifies, `faults` are those that leave the power on.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { EVERY_SIDES, type Side, type Sides, type Subject } from './documents.ts';
import { faults } from './faults.ts';
import {
  change,
  DISK,
  isAt,
  isReachable,
  kernelState,
  openSide,
  request,
  standing,
  startAgent,
  startMachine,
  stopAgent,
  tell,
} from './machine.ts';

/** How a change begins in which the power fails; the last is confirmed at once. */
type Mode = 'apply' | 'unconfirmed' | 'confirm';

const EXPECTED = `${DISK}/expected.json`;
/** Carriers and the kernel's own routes come a moment after the devices. */
const SETTLING_SECONDS = 30;

const [what = 'first', subject = 'network', mode = 'apply'] = process.argv.slice(2);
startMachine();
const agent = await startAgent();
tell('ready');
if (what === 'first') await learn();
else if (what === 'faults') {
  await faults(agent);
  process.exit(0);
} else {
  const sides = await verify();
  if (what === 'cut') await begin(subject as Subject, mode as Mode, sides);
}
await stopAgent(agent);
process.exit(0);

/** Go to all sides once, and keep what `ip` and `tc` show there. */
async function learn(): Promise<void> {
  const expected: Partial<Record<Side, unknown>> = {};
  const seconds = { network: 0, policy: 0 };
  for (const side of ['a', 'b', 'a'] as const)
    for (const one of ['policy', 'network'] as const) {
      const started = performance.now();
      await must(change(one, side, 0));
      if (side === 'b') seconds[one] = (performance.now() - started) / 1000;
      if (one === 'policy') mustBe('policy', openSide(), side);
      else {
        await delay(3000);
        expected[side] = kernelState();
      }
    }
  writeFileSync(EXPECTED, JSON.stringify(expected));
  tell('learned', { seconds });
}

function mustBe(subject: Subject, seen: string, expected: Side): void {
  if (seen !== expected) throw new Error(`the ${subject} is on ${seen}, not on ${expected}`);
}

/** Which sides the node is on, by the journal and by the kernel: they have to agree. @returns the journal's. */
async function verify(): Promise<Sides | undefined> {
  const reachable = isReachable();
  const { revision, state, problem } = await standing();
  let journal: Sides | undefined;
  for (const sides of EVERY_SIDES) if (journal === undefined && (await isAt(sides))) journal = sides;
  const kernel = { network: await networkSide(), policy: openSide() };
  tell('verified', { reachable, revision, state, problem, journal, kernel });
  return journal;
}

async function networkSide(): Promise<Side | 'neither'> {
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<Side, unknown>;
  let seen: unknown;
  for (const end = performance.now() + SETTLING_SECONDS * 1000; performance.now() < end; await delay(500)) {
    seen = kernelState();
    const side = (['a', 'b'] as const).find((one) => isDeepStrictEqual(seen, expected[one]));
    if (side !== undefined) return side;
  }
  writeFileSync('/results/unexpected.json', JSON.stringify({ seen, expected }));
  return 'neither';
}

/** Begin a change to the other side and tell how far it is; the host cuts the power when it likes. */
async function begin(subject: Subject, how: Mode, sides: Sides | undefined): Promise<void> {
  const to = sides?.[subject] === 'a' ? 'b' : 'a';
  tell('begin', { to });
  await must(change(subject, to, how === 'apply' ? 0 : 600));
  tell(how === 'apply' ? 'confirmed' : 'unconfirmed');
  if (how === 'confirm') {
    await must(request('POST', '/v1/confirm', {}));
    tell('confirmed');
  }
  // the host cuts the power by now
  await delay(60_000);
}

async function must(answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(JSON.stringify(body));
}
