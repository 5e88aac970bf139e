// SPDX-License-Identifier: Apache-2.0
// A process with an engine that is killed by the step of a given number: STATE_DIRECTORY DOCUMENT_FILE, and then a line
// with the number on standard input. It prints the steps of the plan when it was not killed.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { documentsIn, testEngine } from './engine.ts';

const [directory = '', file = ''] = process.argv.slice(2);
const documents = documentsIn(readFileSync(file, 'utf8'));

for await (const line of createInterface({ input: process.stdin })) {
  const [deadly = -1, confirmSeconds = 0] = line.split(' ').map(Number);
  await using test = testEngine(directory);
  let step = 0;
  test.beforeStep = () => {
    if (step++ === deadly) process.kill(process.pid, 'SIGKILL');
  };
  const asker = { who: 'test', peers: [] };
  const report = await test.engine.apply(
    { documents, prune: true },
    { confirmSeconds, probes: ['none'] },
    asker,
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
  break;
}
