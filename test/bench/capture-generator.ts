// SPDX-License-Identifier: Apache-2.0
// A process of its own: lets small frames arrive at a device at a steady rate. Arguments: namespace, ifindex, MAC address of
// the device, packets a second, seconds.
import process from 'node:process';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { frameGenerator, udpFrame } from '../helpers/live-frames.ts';

const [name = '', ifindex, mac = '', rate, seconds] = process.argv.slice(2);
const TICK_MS = 2;
const MOST_AT_ONCE = 4_096;

const io = await namespaces().open(name);
using frames = frameGenerator();
const frame = udpFrame({ from: '02:00:00:00:00:02', to: mac }, { from: '10.9.0.2', to: '10.9.0.1' }, 9);
const pause = new Int32Array(new SharedArrayBuffer(4));
const total = Number(rate) * Number(seconds);
const started = performance.now();
for (let sent = 0; sent < total; ) {
  const due = Math.min(total, Math.floor(((performance.now() - started) * Number(rate)) / 1000));
  const count = Math.min(MOST_AT_ONCE, due - sent);
  if (count > 0) frames.send(io.fd, Number(ifindex), frame, count);
  else Atomics.wait(pause, 0, 0, TICK_MS);
  sent += Math.max(0, count);
}
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
await io.close();
