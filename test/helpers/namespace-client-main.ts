// SPDX-License-Identifier: Apache-2.0
// Runs inside a network namespace: does what stands on each line of its input and answers with one line. Connections
// stay open, so that asking changes nothing that is being compared.
import { createSocket } from 'node:dgram';
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import type { ClientCommand } from './namespace-client.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** Bind a UDP port for good. */
function listen(port: number): Promise<string> {
  return new Promise((resolve) => createSocket('udp6').bind(port, () => resolve('')));
}

async function send(address: string, port: number, count: number): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  for (let i = 0; i < count; i++)
    await new Promise<void>((resolve, reject) =>
      socket.send('x'.repeat(100), port, address, (error) => (error === null ? resolve() : reject(error))),
    );
  await new Promise<void>((resolve) => socket.close(resolve));
  return '';
}

function run(command: ClientCommand): Promise<string> {
  if ('get' in command) return fetchText(command.get);
  if ('listen' in command) return listen(command.listen);
  return send(command.send, command.port, command.count);
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await run(JSON.parse(line) as ClientCommand).then(
    (text) => ({ text }),
    (error: unknown) => ({ error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
