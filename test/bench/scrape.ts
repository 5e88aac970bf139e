// SPDX-License-Identifier: Apache-2.0
// What a scrape costs: Weir against Debian's node_exporter on the same veth pairs, in the same run, taking turns.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COLLECTORS } from '../../src/metrics/registry.ts';
import { debianFile } from '../helpers/debian.ts';
import { type ParsedFamily, parseExposition } from '../helpers/exposition-text.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { BenchProcess, cpuMs, Probe, type ProbeReport, rssMb, ScrapeClient } from './scrape-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AGENT = join(ROOT, 'bin/weir');
const PEER_URL = 'http://127.0.0.1:9100/metrics';
const WEIR_URL = 'http://127.0.0.1:9820/metrics';

/** Collectors that both have and node_exporter runs by default. */
const SHARED = [
  ...['arp', 'bonding', 'conntrack', 'netclass', 'netdev', 'netstat', 'pressure', 'schedstat', 'sockstat'],
  ...['softnet', 'stat', 'udp_queues'],
];

const TARGETS = { cpuRatio: 20, wallMs: 50, eventLoopMs: 10, rssMb: 120 };

/** What one process cost for each scrape. Medians, where nothing else is said. */
interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly rssMb: number;
  readonly bytes: number;
  readonly series: number;
}

interface WeirCost extends Cost {
  /** Longest time that Weir held its event loop in any scrape. Waiting for a CPU that others use is not counted. */
  readonly eventLoopHeldMs: number;
  /** Longest delay by perf_hooks, which counts that too: median over scrapes, and the worst. */
  readonly eventLoopDelayMs: number;
  readonly eventLoopDelayWorstMs: number;
}

interface Result {
  readonly pairs: number;
  readonly weir: WeirCost;
  readonly peer: Cost | undefined;
}

function build(ns: TestNetns, pairs: number): void {
  execFileSync('ip', ['netns', 'exec', ns.name, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  const lines: string[] = [];
  for (let i = 0; i < pairs; i++)
    lines.push(`link add va${i} up type veth peer name vb${i}`, `link set vb${i} up`);
  execFileSync('ip', ['-n', ns.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function startPeer(ns: TestNetns, collectors: readonly string[]): BenchProcess {
  return new BenchProcess(ns.name, [
    debianFile('prometheus-node-exporter', 'usr/bin/prometheus-node-exporter'),
    '--web.listen-address=127.0.0.1:9100',
    '--web.disable-exporter-metrics',
    '--log.level=error',
    '--collector.disable-defaults',
    '--collector.netdev.device-exclude=^$',
    ...collectors.map((name) => `--collector.${name}`),
  ]);
}

/** The agent as it is shipped, observing nothing but this namespace, with just these collectors. */
function startWeir(ns: TestNetns, collectors: readonly string[], folder: string): BenchProcess {
  const surplus = COLLECTORS.filter(({ name }) => !collectors.includes(name)).map(({ name }) => name);
  return new BenchProcess(
    ns.name,
    [
      ...[AGENT, 'agent', '--listen', '127.0.0.1:9820', '--log-level', 'error'],
      ...['--socket', join(folder, 'socket'), '--state-dir', folder],
      ...['--set', 'namespaces.discover=false'],
      ...['--set', `metrics.enable=[${collectors.join()}]`],
      ...['--set', `metrics.disable=[${surplus.join()}]`],
    ],
    {
      NODE_OPTIONS: `--import ${new URL('scrape-probe.mjs', import.meta.url).href}`,
      WEIR_BENCH_PROBE: join(folder, 'probe'),
    },
  );
}

/** One scrape of one process. */
interface Turn {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly bytes: number;
}

async function turn(client: ScrapeClient, pid: number, url: string): Promise<Turn> {
  const before = cpuMs(pid);
  const { ms, bytes } = await client.scrape(url);
  await sleep(20); // what a process does after it answered is its cost too
  return { cpuMs: cpuMs(pid) - before, wallMs: ms, bytes };
}

async function measure(
  pairs: number,
  collectors: readonly string[],
  rounds: number,
  peerRounds: number,
): Promise<Result> {
  await using ns = await netns('wd-bench');
  build(ns, pairs);
  const folder = mkdtempSync(join(tmpdir(), 'wd-bench-'));
  await using weir = startWeir(ns, collectors, folder);
  await using peer = startPeer(ns, collectors);
  await using client = new ScrapeClient(ns.name);
  await client.ready(PEER_URL);
  await client.ready(WEIR_URL);
  const probe = new Probe(weir.pid, join(folder, 'probe'));
  const series = await checkedSeries(client, folder, pairs, collectors);
  for (let i = 0; i < 10; i++) await client.scrape(WEIR_URL);
  const mine: Turn[] = [];
  const theirs: Turn[] = [];
  const loop: ProbeReport[] = [];
  for (let i = 0; i < rounds; i++) {
    if (i < peerRounds) theirs.push(await turn(client, peer.pid, PEER_URL));
    await probe.report();
    mine.push(await turn(client, weir.pid, WEIR_URL));
    loop.push(await probe.report());
  }
  rmSync(folder, { recursive: true });
  const cost = (turns: readonly Turn[], pid: number, count: number): Cost => ({
    cpuMs: median(turns.map((one) => one.cpuMs)),
    wallMs: median(turns.map((one) => one.wallMs)),
    bytes: median(turns.map((one) => one.bytes)),
    rssMb: rssMb(pid),
    series: count,
  });
  return {
    pairs,
    peer: cost(theirs, peer.pid, series.peer),
    weir: {
      ...cost(mine, weir.pid, series.weir),
      eventLoopHeldMs: Math.max(...loop.map((one) => one.maxHeldMs)),
      eventLoopDelayMs: median(loop.map((one) => one.maxMs)),
      eventLoopDelayWorstMs: Math.max(...loop.map((one) => one.maxMs)),
    },
  };
}

/** Both must have answered with everything, or the comparison means nothing. */
async function checkedSeries(
  client: ScrapeClient,
  folder: string,
  pairs: number,
  collectors: readonly string[],
): Promise<{ readonly weir: number; readonly peer: number }> {
  const read = async (url: string, name: string) => {
    await client.scrape(url, join(folder, name));
    return parseExposition(readFileSync(join(folder, name), 'utf8'));
  };
  for (let left = 300; ; left--) {
    const weir = await read(WEIR_URL, 'weir');
    const peer = await read(PEER_URL, 'peer');
    const missing = missingFrom(weir, peer, pairs, collectors);
    if (missing.length === 0) return { weir: count(weir), peer: count(peer) };
    if (left === 0) throw new Error(`Weir lacks ${missing.slice(0, 5).join(', ')}`);
    await sleep(200);
  }
}

function missingFrom(
  weir: Map<string, ParsedFamily>,
  peer: Map<string, ParsedFamily>,
  pairs: number,
  collectors: readonly string[],
): readonly string[] {
  const missing: string[] = [];
  for (const family of peer.values()) {
    if (/^(node_exporter_build_info|promhttp_)/.test(family.name)) continue;
    const mine = weir.get(family.name)?.samples.size ?? 0;
    if (mine < family.samples.size) missing.push(`${family.name}: ${mine} of ${family.samples.size}`);
  }
  if (collectors.includes('netdev')) {
    const devices = weir.get('node_network_mtu_bytes')?.samples;
    if (devices?.size !== 2 * pairs + 1) missing.push(`devices: ${devices?.size}`);
    const last = JSON.stringify([['device', `vb${pairs - 1}`]]);
    if (devices?.get(last)?.value !== 1500) missing.push(`MTU of vb${pairs - 1}`);
    const speed = weir.get('node_network_speed_bytes')?.samples.get(last)?.value;
    if (speed !== 1.25e9) missing.push(`speed of vb${pairs - 1}`);
  }
  return missing;
}

function count(families: Map<string, ParsedFamily>): number {
  return [...families.values()].reduce((sum, { samples }) => sum + samples.size, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const rounded = (value: number) => Math.round(value * 100) / 100;

function print(title: string, { pairs, weir, peer }: Result): void {
  const line = (name: string, cost: Cost, more = '') =>
    console.log(
      `${title} ${name}: CPU ${rounded(cost.cpuMs)} ms, wall ${rounded(cost.wallMs)} ms, RSS ${rounded(cost.rssMb)} MB, ` +
        `${cost.series} series, ${cost.bytes} bytes, ${rounded((cost.cpuMs * 1000) / (2 * pairs + 1))} us CPU per device${more}`,
    );
  line(
    'weir         ',
    weir,
    `, event loop held ${rounded(weir.eventLoopHeldMs)} ms at most (delay median ${rounded(weir.eventLoopDelayMs)}, worst ${rounded(weir.eventLoopDelayWorstMs)})`,
  );
  if (peer !== undefined) line('node_exporter', peer);
}

const full = !process.argv.includes('--quick');
const main = await measure(1_000, SHARED, 31, full ? 9 : 3);
print('1,000 pairs', main);
const others: Result[] = [];
if (full) {
  for (const [pairs, rounds, peerRounds] of [
    [10, 15, 15],
    [4_000, 11, 3],
  ] as const) {
    const result = await measure(pairs, SHARED, rounds, peerRounds);
    print(`${pairs} pairs`, result);
    others.push(result);
  }
}
const apart: Record<string, number> = {};
if (full)
  for (const collector of ['qdisc', 'ethtool']) {
    const result = await measure(100, [collector], 7, 3);
    print(`100 pairs, ${collector}`, result);
    apart[`${collector}CpuRatio`] = rounded((result.peer?.cpuMs ?? 0) / result.weir.cpuMs);
  }

const cpuRatio = rounded((main.peer?.cpuMs ?? 0) / main.weir.cpuMs);
const perDevice = ({ pairs, weir }: Result) => (weir.cpuMs * 1000) / (2 * pairs + 1);
const met =
  cpuRatio >= TARGETS.cpuRatio &&
  main.weir.wallMs < TARGETS.wallMs &&
  main.weir.eventLoopHeldMs <= TARGETS.eventLoopMs &&
  main.weir.rssMb < TARGETS.rssMb &&
  others.every((result) => result.pairs < 1_000 || perDevice(result) <= 1.2 * perDevice(main));
console.log(
  JSON.stringify({
    bench: 'scrape',
    figures: [main, ...others],
    ratios: { cpu: cpuRatio, wall: rounded((main.peer?.wallMs ?? 0) / main.weir.wallMs), ...apart },
    targets: TARGETS,
    met,
  }),
);
