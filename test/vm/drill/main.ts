// SPDX-License-Identifier: Apache-2.0
// What a guest does in a drill: `first` learns both states, `cut MODE` verifies what the last power cut left and begins the
// change in which the host cuts the power again, `last` only verifies.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Side } from './documents.ts';
import { faults } from './faults.ts';
import {
  change,
  DISK,
  isAt,
  isReachable,
  kernelState,
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

const [what = 'first', mode = 'apply'] = process.argv.slice(2);
startMachine();
const agent = await startAgent();
tell('ready');
if (what === 'first') await learn();
else if (what === 'faults') {
  await faults(agent);
  process.exit(0);
} else {
  await verify();
  if (what === 'cut') await begin(mode as Mode);
}
await stopAgent(agent);

/** Go to both sides once, and keep what `ip` and `tc` show there. */
async function learn(): Promise<void> {
  const expected: Partial<Record<Side, unknown>> = {};
  const seconds: number[] = [];
  for (const side of ['a', 'b', 'a'] as const) {
    const started = performance.now();
    await must(change(side, 0));
    seconds.push((performance.now() - started) / 1000);
    await delay(3000);
    expected[side] = kernelState();
  }
  writeFileSync(EXPECTED, JSON.stringify(expected));
  tell('learned', { seconds: seconds[1] });
}

/** Which side the node is on, by the journal and by the kernel: they have to agree. */
async function verify(): Promise<void> {
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<Side, unknown>;
  const reachable = isReachable();
  const { revision, state, problem } = await standing();
  const journal = (await isAt('a')) ? 'a' : (await isAt('b')) ? 'b' : 'neither';
  let kernel = 'neither';
  let seen: unknown;
  for (const end = performance.now() + SETTLING_SECONDS * 1000; performance.now() < end; await delay(500)) {
    seen = kernelState();
    const side = (['a', 'b'] as const).find((one) => isDeepStrictEqual(seen, expected[one]));
    if (side !== undefined) {
      kernel = side;
      break;
    }
  }
  if (kernel === 'neither') writeFileSync('/results/unexpected.json', JSON.stringify({ seen, expected }));
  tell('verified', { reachable, revision, state, problem, journal, kernel });
}

/** Begin a change to the other side and tell how far it is; the host cuts the power when it likes. */
async function begin(how: Mode): Promise<void> {
  const to = (await isAt('a')) ? 'b' : 'a';
  tell('begin', { to });
  const answered = change(to, how === 'apply' ? 0 : 600);
  await must(answered);
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
