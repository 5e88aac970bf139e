// SPDX-License-Identifier: Apache-2.0
// Scrapes from inside the namespace: a URL per line of input, with a file for the body if it is to be kept; one JSON
// line of output.
import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** How one scrape went. */
export interface ClientReport {
  readonly ms: number;
  readonly bytes: number;
  readonly error?: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function scrape(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    }).on('error', reject);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [url = '', file] = line.split(' ');
  const started = performance.now();
  let report: ClientReport;
  try {
    const body = await scrape(url);
    report = { ms: performance.now() - started, bytes: body.length };
    if (file !== undefined) writeFileSync(file, body);
  } catch (error) {
    report = { ms: 0, bytes: 0, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
process.exit();
