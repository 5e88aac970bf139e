// SPDX-License-Identifier: Apache-2.0
// Lets frames arrive at a device in small portions until it is told to stop, at most for a minute, and says how often each
// was sent. Arguments: the namespace, the device, frames in hex.
import { setTimeout as sleep } from 'node:timers/promises';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { frameGenerator } from './live-frames.ts';

const PORTION = 256;
const LONGEST_MS = 60_000;
const [netns = '', ifindex = '', ...hex] = process.argv.slice(2);
const frames = hex.map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
const io = await namespaces().open(netns);
using generator = frameGenerator();
let running = true;
process.stdin.on('data', () => (running = false));
process.stdout.write('ready\n');
let rounds = 0;
for (const end = performance.now() + LONGEST_MS; running && performance.now() < end; rounds++) {
  for (const one of frames) generator.send(io.fd, Number(ifindex), one, PORTION);
  await sleep(2);
}
process.stdout.write(`${rounds * PORTION}\n`);
process.exit();
