// SPDX-License-Identifier: Apache-2.0
// Runs inside a network namespace: one command on each line of its input, one answer with its number on its output.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { PeerCommand, PeerProbe, ProbeOutcome } from './policy-peer.ts';

const open = new Map<number, Socket>();
let next = 1;

const REFUSALS = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES'];

function outcomeOf(error: Error): ProbeOutcome {
  return REFUSALS.includes((error as { code?: string }).code ?? '') ? 'refused' : 'silent';
}

function serve(protocol: 'TCP' | 'UDP', port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    if (protocol === 'TCP') {
      const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
      server.on('error', reject).listen(port, '::', () => resolve(''));
      return;
    }
    const socket = createSocket('udp6');
    socket.on('message', (message, from) => socket.send(message, from.port, from.address, () => {}));
    socket.on('error', reject).bind(port, '::', () => resolve(''));
  });
}

function ping(to: string, timeoutMs: number): Promise<ProbeOutcome> {
  const seconds = String(timeoutMs / 1000);
  const child = spawn('ping', ['-q', '-n', '-c', '1', '-W', seconds, to], { stdio: 'ignore' });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code === 0 ? 'open' : 'silent')));
}

function probe({ protocol, to, port, timeoutMs, from }: PeerProbe): Promise<ProbeOutcome> {
  if (protocol === 'ICMP') return ping(to, timeoutMs);
  return new Promise((resolve) => {
    if (protocol === 'TCP') {
      const socket = connect({ host: to, port, ...(from !== undefined && { localPort: from }) });
      const done = (outcome: ProbeOutcome) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(outcome);
      };
      const timer = setTimeout(() => done('silent'), timeoutMs);
      socket.on('connect', () => done('open')).on('error', (error) => done(outcomeOf(error)));
      return;
    }
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const done = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      clearInterval(again);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => done('silent'), timeoutMs);
    const again = setInterval(() => socket.send('again', () => {}), 100);
    socket.on('message', () => done('open')).on('error', (error) => done(outcomeOf(error)));
    socket.connect(port, to, () => socket.send('hello', () => {}));
  });
}

/** Open a connection that stays, and find that it works. */
function hold(to: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to, port });
    const id = next++;
    open.set(id, socket);
    socket.on('error', reject).on('connect', () => resolve(String(id)));
    setTimeout(() => reject(new Error('no connection')), 5000).unref();
  });
}

/** Say something on a connection. @returns whether it came back in time. */
function say(id: number, timeoutMs: number): Promise<string> {
  const socket = open.get(id);
  if (socket === undefined) return Promise.reject(new Error('there is no such connection'));
  return new Promise((resolve) => {
    const timer = setTimeout(() => done('lost'), timeoutMs);
    const done = (what: string) => {
      clearTimeout(timer);
      socket.removeAllListeners('data').removeAllListeners('close');
      resolve(what);
    };
    socket.on('data', () => done('heard')).on('close', () => done('closed'));
    socket.write('x');
  });
}

async function run(command: PeerCommand): Promise<unknown> {
  if ('serve' in command) return serve(command.serve, command.port);
  if ('probes' in command) return Promise.all(command.probes.map(probe));
  if ('hold' in command) return hold(command.hold, command.port);
  return say(command.say, command.timeoutMs);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command } = JSON.parse(line) as { id: number; command: PeerCommand };
  run(command).then(
    (answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`),
    (error: unknown) => process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`),
  );
}
process.exit();
