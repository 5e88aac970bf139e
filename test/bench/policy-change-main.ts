// SPDX-License-Identifier: Apache-2.0
// One policy changed among 10,000, from the request until it is enforced, and until it is answered.
import process from 'node:process';
import { policyChange } from './policy-change.ts';

const TARGET_MS = 10;

const figures = await policyChange({ policies: 10_000, endpoints: 100, changes: 400, pause: 50 });
const { enforced, answered, load, changes } = figures;
const ms = (value: number) => `${value.toFixed(1)} ms`;
process.stdout.write(`10,000 policies in force after ${load.toFixed(1)} s\n`);
for (const [what, { p50, p90, p99, most }] of Object.entries({ enforced, answered }))
  process.stdout.write(
    `${changes} changes ${what}: median ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, most ${ms(most)}\n`,
  );
process.stdout.write(`target: enforced within ${TARGET_MS} ms, p99\n`);
const targets = { enforcedP99Milliseconds: TARGET_MS };
const met = enforced.p99 <= TARGET_MS;
process.stdout.write(`${JSON.stringify({ bench: 'policy-change', figures, ratios: {}, targets, met })}\n`);
