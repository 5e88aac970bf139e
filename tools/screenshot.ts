// SPDX-License-Identifier: Apache-2.0
// Makes the picture of `weir top` in the README: a busy lab, an agent in its gateway, a real terminal, and Debian's
// chromium to draw it. Usage: node tools/screenshot.ts [docs/images/weir-top.png]
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { LAB, LAB_NODES } from '../test/helpers/lab.ts';
import { testTerminal } from '../test/helpers/tmux.ts';
import { testAgent, WEIR } from '../test/helpers/weir.ts';
import { ansiToHtml } from './ansi-html.ts';

const WIDTH = 118;
const HEIGHT = 21;
const SECONDS = 45;
const NAME = 'weirlab';
const OUTPUT = process.argv[2] ?? 'docs/images/weir-top.png';

const netns = (node: string) => `${NAME}-${node}`;
const inside = (node: string, ...words: readonly string[]) =>
  execFileSync('nsenter', [`--net=/run/netns/${netns(node)}`, ...words]);

/** Sends UDP from the client side of a flow: a rate that swings, so that the history has a shape. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
const [address, size, rate, period] = process.argv.slice(1);
const payload = Buffer.alloc(Number(size));
const start = Date.now();
let owed = 0;
setInterval(() => {
  const swing = 1 + 0.7 * Math.sin((Date.now() - start) / 1000 / Number(period) * 2 * Math.PI);
  owed += Number(rate) * swing / 100;
  for (; owed >= 1; owed--) socket.send(payload, 9999, address, () => {});
}, 10);
socket.on('error', () => {});
`;

/** From where, to what address, bytes per packet, packets per second, seconds of a swing. */
const FLOWS = [
  ['client', '10.77.0.11', 1400, 2600, 17],
  ['edge1', '198.51.100.1', 1200, 900, 11],
  ['edge2', '198.51.100.1', 600, 1400, 23],
  ['upstream', '192.0.2.10', 1400, 1700, 29],
  ['client', '10.77.0.12', 200, 1500, 7],
] as const;

function startFlows(): readonly ChildProcess[] {
  return FLOWS.map(([node, ...flow]) =>
    spawn(
      'nsenter',
      [`--net=/run/netns/${netns(node)}`, process.execPath, '-e', SENDER, ...flow.map(String)],
      {
        stdio: 'ignore',
      },
    ),
  );
}

/** The uplink is slower than what wants to go through it, so there is a queue and there are drops. */
function shapeUplink(): void {
  const shape = 'qdisc replace dev wan0 root tbf rate 12mbit burst 16k latency 40ms';
  inside('gateway', 'tc', ...shape.split(' '));
}

async function capture(): Promise<string> {
  const watch = LAB_NODES.filter((node) => node !== 'gateway').map(netns);
  const flags = ['namespaces.discover=false', `namespaces.watch=${watch.join(',')}`];
  await using agent = await testAgent(netns('gateway'), ...flags.flatMap((flag) => ['--set', flag]));
  await using terminal = await testTerminal(WIDTH, HEIGHT);
  terminal.line(`clear; ${WEIR.join(' ')} --socket ${agent.socket} top`);
  await terminal.until(/^weir top /);
  await delay(SECONDS * 1000);
  const screen = terminal.screen(true);
  terminal.keys('q');
  return screen;
}

function draw(screen: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-shot-'));
  const page = join(folder, 'page.html');
  writeFileSync(page, ansiToHtml(screen.trimEnd(), 'weir top'));
  const size = `${Math.ceil(WIDTH * 9.04) + 90},${Math.ceil(HEIGHT * 19.2) + 120}`;
  const flags = ['--headless', '--no-sandbox', '--hide-scrollbars', '--force-device-scale-factor=2'];
  const transparent = '--default-background-color=00000000';
  execFileSync(
    'chromium',
    [
      ...flags,
      transparent,
      `--user-data-dir=${folder}`,
      `--window-size=${size}`,
      `--screenshot=${OUTPUT}`,
      page,
    ],
    { stdio: 'ignore' },
  );
  rmSync(folder, { recursive: true, force: true });
}

let flows: readonly ChildProcess[] = [];
try {
  await LAB.up(NAME);
  shapeUplink();
  flows = startFlows();
  draw(await capture());
} finally {
  for (const flow of flows) flow.kill();
  await LAB.down(NAME);
}
