// SPDX-License-Identifier: Apache-2.0
// A TCP server in one namespace, and whether another can reach it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { WEIR } from './weir.ts';

const SERVER = `require('node:net').createServer((s) => s.end('hello')).listen(7000, () => console.log('listening'))`;
const CLIENT = `
  const socket = require('node:net').connect({ host: process.argv[1], port: 7000 });
  setTimeout(() => process.exit(1), 700);
  socket.on('error', () => process.exit(1)).on('data', () => process.exit(0));
`;

/** Answer every connection to port 7000 inside the namespace until disposed of. */
export async function tcpServer(netns: string): Promise<AsyncDisposable> {
  const child = enter(netns, SERVER);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** True when a connection from the namespace to port 7000 of `address` is answered. */
export function reaches(netns: string, address: string): boolean {
  const [node = ''] = WEIR;
  return spawnSync('nsenter', [`--net=/run/netns/${netns}`, node, '-e', CLIENT, address]).status === 0;
}

function enter(netns: string, program: string) {
  const [node = ''] = WEIR;
  return spawn('nsenter', [`--net=/run/netns/${netns}`, node, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
