// SPDX-License-Identifier: Apache-2.0
// A process of its own: lets small frames arrive at a device at a steady rate. Arguments: namespace, ifindex, MAC address of
// the device, packets a second, seconds.
import process from 'node:process';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { frameGenerator, udpFrame } from '../helpers/live-frames.ts';

const [name = '', ifindex, mac = '', rate, seconds] = process.argv.slice(2);
const io = await namespaces().open(name);
using frames = frameGenerator();
const frame = udpFrame({ from: '02:00:00:00:00:02', to: mac }, { from: '10.9.0.2', to: '10.9.0.1' }, 9);
const started = performance.now();
frames.send(io.fd, Number(ifindex), frame, Number(rate) * Number(seconds), Number(rate));
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
await io.close();
