// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAB_NODES, type TestLab, testLab } from '../helpers/lab.ts';
import { type TestTerminal, testTerminal } from '../helpers/tmux.ts';
import { type TestAgent, testAgent, WEIR } from '../helpers/weir.ts';

let lab: TestLab;
let agent: TestAgent;

beforeAll(async () => {
  lab = await testLab('wf');
  const netns = LAB_NODES.map((node) => lab.netns(node));
  const watch = `namespaces.watch=${netns.filter((name) => name !== lab.netns('gateway')).join(',')}`;
  agent = await testAgent(lab.netns('gateway'), '--set', 'namespaces.discover=false', '--set', watch);
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const COMMAND = () => [...WEIR, '--socket', agent.socket, 'top', '--interval', '0.5'].join(' ');

async function startTop(terminal: TestTerminal): Promise<void> {
  terminal.line(`clear; ${COMMAND()}`);
  await terminal.until(/^weir top .*\n.*\n\n?.*DEVICE/);
}

/** First column of the list that is on the screen. */
function devices(screen: string): readonly string[] {
  const lines = screen.split('\n');
  const start = lines.findIndex((line) => line.startsWith('DEVICE')) + 1;
  return lines.slice(start, -2).flatMap((line) => /^(\S+)/.exec(line)?.[1] ?? []);
}

test('shows devices of every namespace with their rates at 80 by 24', async () => {
  await using terminal = await testTerminal(80, 24);
  await startTop(terminal);
  lab.exec('client', 'ping', '-c', '50', '-i', '0.002', '-q', '10.77.0.11');
  const screen = await terminal.until(/lan0 .* [1-9][\d.]*k? +[1-9]/);
  expect(screen).toMatch(/DEVICE +NETNS +.*RX b\/s TX b\/s RX p\/s TX p\/s DROP\/s +ERR\/s/);
  expect(screen).toMatch(new RegExp(`eth0 +${lab.netns('client').slice(0, 8)}`));
  expect(screen).toMatch(/q quit {2}s sort {2}\/ filter/);
  for (const line of screen.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
});

test('sorts, filters, groups, pauses and helps by keys', async () => {
  await using terminal = await testTerminal(80, 24);
  await startTop(terminal);
  terminal.keys('n');
  const sorted = devices(await terminal.until(/by name/));
  expect(sorted).toEqual(sorted.toSorted());
  terminal.keys('/', 'w', 'a', 'n');
  await terminal.until(/filter: wan/);
  terminal.keys('Enter');
  expect(devices(await terminal.until(/filter wan/))).toEqual(['wan0']);
  terminal.keys('Escape', 'g');
  expect(await terminal.until(/^ {2}wan0 /m)).toMatch(/^\(own\) /m);
  terminal.keys('g', 'Space');
  await terminal.until(/paused/);
  terminal.keys('h');
  await terminal.until(/turn the order round/);
  terminal.keys('x');
  await terminal.until((screen) => !screen.includes('turn the order round'));
});

test('follows a change of size', async () => {
  await using terminal = await testTerminal(80, 24);
  await startTop(terminal);
  terminal.resize(140, 30);
  await terminal.until(/QDISC +HISTORY/);
  terminal.resize(40, 12);
  await terminal.until((screen) => !screen.includes('QDISC') && /DEVICE +RX b\/s TX b\/s/.test(screen));
});

/** The shell's prompt, echo and cursor are back, and the screen is the old one. */
async function expectRestored(terminal: TestTerminal): Promise<void> {
  await terminal.until(() => terminal.ask('#{alternate_on} #{cursor_flag}') === '0 1');
  terminal.line('stty -a | grep -ow -e "-*icanon" -e "-*echo" | tr "\\n" " "; echo "<$?>"');
  expect(await terminal.until(/<\d>/)).toMatch(/^icanon echo <0>/m);
}

test.each([
  ['q', ['q']],
  ['control-C', ['C-c']],
])('restores the terminal after %s', async (_name, keys) => {
  await using terminal = await testTerminal(80, 24);
  await startTop(terminal);
  expect(terminal.ask('#{alternate_on} #{cursor_flag}')).toBe('1 0');
  terminal.keys(...keys);
  await expectRestored(terminal);
});

test('restores the terminal after SIGTERM, and while it is suspended', async () => {
  await using terminal = await testTerminal(80, 24);
  await startTop(terminal);
  terminal.keys('C-z');
  await terminal.until(/Stopped/);
  await expectRestored(terminal);
  terminal.line('clear; fg');
  await terminal.until(/^weir top /);
  expect(terminal.ask('#{alternate_on} #{cursor_flag}')).toBe('1 0');
  const shell = terminal.ask('#{pane_pid}');
  const [pid] = execFileSync('pgrep', ['-P', shell], { encoding: 'utf8' }).trim().split('\n');
  process.kill(Number(pid), 'SIGTERM');
  await expectRestored(terminal);
});

test('batch mode prints frames to a pipe and ends', async () => {
  const { status, stdout, stderr } = await agent.weir(
    'top',
    '--batch',
    '-n',
    '2',
    '--interval',
    '0.2',
    '--sort',
    'name',
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.match(/^weir top/gm)).toHaveLength(2);
  expect(stdout).not.toContain('\u001b');
  expect(stdout).toMatch(/QDISC +HISTORY/);
  const json = await agent.weir('top', '--batch', '-n', '1', '--interval', '0.2', '-o', 'json');
  const frame = JSON.parse(json.stdout) as { devices: { ifname: string }[] };
  expect(frame.devices.map((device) => device.ifname)).toEqual(
    expect.arrayContaining(['wan0', 'br0', 'eth0', 'lo']),
  );
});
