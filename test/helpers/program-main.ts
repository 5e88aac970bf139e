// SPDX-License-Identifier: Apache-2.0
// A process that applies documents and dies at a bpf(2) call that changes something: STATE_DIRECTORY PIN_DIRECTORY
// DOCUMENT_FILE NUMBER. It prints what became of the change when it did not die.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { BPF } from '../../src/kernel/bpf/syscall.ts';
import type { NativeAddon } from '../../src/kernel/native.ts';
import { documentsIn, testEngine } from './engine.ts';

/** Commands that change something. */
const CHANGES: readonly number[] = [
  BPF.MAP_UPDATE_ELEM,
  BPF.MAP_DELETE_ELEM,
  BPF.OBJ_PIN,
  BPF.LINK_CREATE,
  BPF.LINK_UPDATE,
  BPF.LINK_DETACH,
  BPF.RAW_TRACEPOINT_OPEN,
];

const [directory = '', pinDir = '', file = '', deadly = ''] = process.argv.slice(2);
let changes = 0;

// what an addon exports cannot be written: whoever asks for it from now on gets a copy that counts
const ADDON = fileURLToPath(new URL('../../native/build/Release/weir.node', import.meta.url));
const require = createRequire(import.meta.url);
const addon = require(ADDON) as NativeAddon;
const counting: NativeAddon = {
  ...addon,
  bpf(netns, command, ...rest) {
    if (CHANGES.includes(command) && changes++ === Number(deadly)) process.kill(process.pid, 'SIGKILL');
    return addon.bpf(netns, command, ...rest);
  },
};
(require.cache[ADDON] as NodeJS.Module).exports = counting;

await using test = testEngine(directory, 'boot 1', pinDir);
const wish = { documents: documentsIn(readFileSync(file, 'utf8')), prune: true };
const asker = { who: 'test', peers: [] };
const report = await test.engine.apply(wish, { confirmSeconds: 0, probes: ['none'] }, asker);
process.stdout.write(`${JSON.stringify(report)}\n`);
