// SPDX-License-Identifier: Apache-2.0
// Capturing small packets to a file: the agent against tcpdump, on the same traffic in turns. CPU is that of the capturing
// process alone; the kernel's half of a capture runs where packets arrive and is the same for both. Of the agent, which runs
// anyway, what it uses while it is idle is measured just before and told apart.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CaptureReport } from '../../src/model/capture.ts';
import { type AgentProcess, agentProcess } from '../helpers/agent-process.ts';
import { start, until } from '../helpers/capture-agent.ts';
import { ask } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const RATE = 300_000;
const SECONDS = 4;
const IDLE_SECONDS = 4;
const PAIRS = process.argv.includes('--quick') ? 2 : 6;
/** A second. */
const TICKS = 100;
const BUFFER = 32 << 20;
const TARGETS = { cpuRatio: 1, lost: 0 };
const GENERATOR = fileURLToPath(new URL('./capture-generator.ts', import.meta.url));
const MAC = '02:00:00:00:00:01';

/** One run of one program. */
interface Run {
  readonly sent: number;
  readonly captured: number;
  readonly lost: number;
  /** What capturing adds: of an agent without what it uses anyway. */
  readonly cpuNs: number;
  readonly wholeCpuNs: number;
  /** Times a second that threads of it which last went to sleep, and so were woken. */
  readonly wakes: number;
  readonly rate: number;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const rounded = (value: number) => Number(value.toFixed(2));

/** What a process has used: nanoseconds of CPU, of all threads it ever had, and how often those that it has slept. */
interface Usage {
  readonly cpu: number;
  readonly sleeps: number;
}

function usageOf(pid: number): Usage {
  // utime and stime, which the kernel scales so that their sum is exact, in ticks
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const cpu = ((Number(fields[11]) + Number(fields[12])) * 1e9) / TICKS;
  const sleeps = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(
      /^voluntary_ctxt_switches:\s+(\d+)/m.exec(
        readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'),
      )?.[1],
    ),
  );
  return { cpu, sleeps: sleeps.reduce((sum, count) => sum + count, 0) };
}

/** What a process uses while something happens, and how many seconds that took. */
async function usageDuring<T>(
  pid: number,
  what: () => Promise<T>,
): Promise<Usage & { readonly seconds: number; readonly result: T }> {
  const [before, started] = [usageOf(pid), performance.now()];
  const result = await what();
  const after = usageOf(pid);
  const seconds = (performance.now() - started) / 1000;
  return { cpu: after.cpu - before.cpu, sleeps: after.sleeps - before.sleeps, seconds, result };
}

/** Packets that IP got: all that arrived, whoever captured them. */
function received(ns: TestNetns): number {
  const [names = '', values = ''] = ns.exec('cat', '/proc/net/snmp').split('\n');
  return Number(values.split(' ')[names.split(' ').indexOf('InReceives')]);
}

/** Let packets arrive. @returns how many did, and how many a second. */
async function traffic(ns: TestNetns): Promise<{ readonly sent: number; readonly rate: number }> {
  const index = JSON.parse(ns.ip('-j', 'link', 'show', 'cap0'))[0].ifindex as number;
  const before = received(ns);
  const words = [GENERATOR, ns.name, String(index), MAC, String(RATE), String(SECONDS)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const sent = received(ns) - before;
  const rate = sent / (JSON.parse(said) as { seconds: number }).seconds;
  // for those that are on their way
  await delay(1_200);
  return { sent, rate };
}

async function byTcpdump(ns: TestNetns, directory: string): Promise<Run> {
  const file = join(directory, 'tcpdump.pcap');
  const words = ['tcpdump', '-n', '-i', 'cap0', '-B', String(BUFFER >> 10), '-w', file];
  const more = ['--time-stamp-precision=nano', '-Z', 'root', 'udp'];
  const tcpdump = start('nsenter', `--net=/run/netns/${ns.name}`, ...words, ...more);
  await until(tcpdump.errors, (said) => said.includes('listening'));
  const { result, cpu, sleeps, seconds } = await usageDuring(tcpdump.child.pid as number, () => traffic(ns));
  const { sent, rate } = result;
  tcpdump.child.kill('SIGINT');
  await tcpdump.ended();
  const number = (what: string) => Number(new RegExp(`(\\d+) packets? ${what}`).exec(tcpdump.errors())?.[1]);
  const captured = number('captured');
  rmSync(file);
  const cpuNs = cpu / sent;
  return { sent, captured, lost: sent - captured, cpuNs, wholeCpuNs: cpuNs, wakes: sleeps / seconds, rate };
}

async function byAgent(ns: TestNetns, agent: AgentProcess, directory: string): Promise<Run> {
  const body = {
    devices: [{ device: 'cap0' }],
    filter: 'udp',
    limits: { packets: 1e9, bytes: 2 ** 31, seconds: 60 },
    file: { name: 'weir.pcapng' },
    detach: true,
  };
  const headers = { 'content-type': 'application/json' };
  const idle = await usageDuring(agent.pid, () => delay(IDLE_SECONDS * 1000));
  const answer = await ask(agent.to, '/v1/captures', { method: 'POST', headers, body: JSON.stringify(body) });
  const { id } = JSON.parse(answer.body) as CaptureReport;
  const { result, cpu, sleeps, seconds } = await usageDuring(agent.pid, () => traffic(ns));
  const { sent, rate } = result;
  const stopped = await ask(agent.to, `/v1/captures/${id}`, { method: 'DELETE' });
  const { packets, dropped } = stopped.json as unknown as CaptureReport;
  if (packets + dropped !== sent)
    throw new Error(`${sent} arrived, of which ${packets} and ${dropped} are known`);
  const read = execFileSync('capinfos', ['-c', '-M', '-T', '-r', join(directory, 'weir.pcapng')], {
    encoding: 'utf8',
  });
  if (Number(read.trim().split(/\s+/).at(-1)) !== packets)
    throw new Error(`the file has other packets: ${read}`);
  rmSync(join(directory, 'weir.pcapng'));
  const cpuNs = Math.max(0, cpu - (idle.cpu / idle.seconds) * seconds) / sent;
  const wakes = Math.max(0, sleeps / seconds - idle.sleeps / idle.seconds);
  return { sent, captured: packets, lost: sent - packets, cpuNs, wholeCpuNs: cpu / sent, wakes, rate };
}

await using stack = new AsyncDisposableStack();
const ns = stack.use(await netns('we-cap'));
ns.ip('link', 'add', 'cap0', 'address', MAC, 'type', 'veth', 'peer', 'name', 'cap1');
for (const name of ['cap0', 'cap1']) ns.ip('link', 'set', name, 'arp', 'off', 'up');
const directory = mkdtempSync(join(tmpdir(), 'we-cap-'));
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'none', directory]);
stack.defer(() => {
  execFileSync('umount', ['-l', directory]);
  rmSync(directory, { recursive: true, force: true });
});
mkdirSync(`${directory}/kept`);
const settings = [
  `capture.directory=${directory}/kept`,
  'capture.minFreeBytes=0',
  `capture.bufferBytes=${BUFFER}`,
  'telemetry.disable=[all]',
];
const agent = stack.use(
  await agentProcess({ netns: ns.name, args: settings.flatMap((one) => ['--set', one]) }),
);

const pairs: { readonly tcpdump: Run; readonly weir: Run }[] = [];
// what the agent does at its start, and compiles on first use, is no capturing
await byAgent(ns, agent, `${directory}/kept`);
for (let i = 0; i < PAIRS; i++) {
  const runs = [
    async () => ({ tcpdump: await byTcpdump(ns, directory) }),
    async () => ({ weir: await byAgent(ns, agent, `${directory}/kept`) }),
  ];
  if (i % 2 === 1) runs.reverse();
  const both: Partial<(typeof pairs)[number]> = {};
  for (const run of runs) Object.assign(both, await run());
  const pair = both as (typeof pairs)[number];
  pairs.push(pair);
  const words = ({ cpuNs, wholeCpuNs, lost, rate, wakes }: Run) =>
    `${cpuNs.toFixed(0)} ns CPU a packet (${wholeCpuNs.toFixed(0)} with what it uses anyway), ${wakes.toFixed(0)} wakes/s, ${lost} lost at ${(rate / 1000).toFixed(0)}k packets/s`;
  console.log(`weir ${words(pair.weir)}; tcpdump ${words(pair.tcpdump)}`);
}

const summary = (name: 'weir' | 'tcpdump') => ({
  cpuNs: rounded(median(pairs.map((pair) => pair[name].cpuNs))),
  wholeCpuNs: rounded(median(pairs.map((pair) => pair[name].wholeCpuNs))),
  wakes: Math.round(median(pairs.map((pair) => pair[name].wakes))),
  lost: pairs.reduce((sum, pair) => sum + pair[name].lost, 0),
  packets: pairs.reduce((sum, pair) => sum + pair[name].sent, 0),
  rate: Math.round(median(pairs.map((pair) => pair[name].rate))),
});
const figures = { weir: summary('weir'), tcpdump: summary('tcpdump') };
const cpu = rounded(median(pairs.map(({ weir, tcpdump }) => weir.cpuNs / tcpdump.cpuNs)));
const wholeCpu = rounded(median(pairs.map(({ weir, tcpdump }) => weir.wholeCpuNs / tcpdump.cpuNs)));
const met = cpu <= TARGETS.cpuRatio && figures.weir.lost === TARGETS.lost;
console.log(JSON.stringify({ bench: 'capture', figures, ratios: { cpu, wholeCpu }, targets: TARGETS, met }));
