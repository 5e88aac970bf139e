// SPDX-License-Identifier: Apache-2.0
// What eBPF telemetry costs: a packet that is forwarded, a saturated TCP flow, and the agent at a flood of events. Each
// figure is a pair: the same work with and without, in turns.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { attachTracepoint, attachXdp } from '../../src/kernel/bpf/links.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { enableStats, programInfo } from '../../src/kernel/bpf/programs.ts';
import { TELEMETRY } from '../../src/programs/registry.ts';
import type { TelemetryProgram, TelemetrySettings } from '../../src/programs/telemetry-program.ts';
import { agentProcess } from '../helpers/agent-process.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { ask } from '../helpers/http-fixture.ts';
import { frameGenerator, udpFrame } from '../helpers/live-frames.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { loadTelemetry, runTelemetry } from '../helpers/telemetry.ts';

/** `--quick`: fewer packets and pairs, for a machine that has other things to do. */
const QUICK = process.argv.includes('--quick');
const PACKETS = QUICK ? 100_000 : 300_000;
const PAIRS = QUICK ? 9 : 15;
const TCP_PAIRS = QUICK ? 31 : 151;
const TCP_MS = 250;
const EVENTS = 100_000;
const EVENT_SECONDS = QUICK ? 3 : 5;
const TARGETS = { forwardedNs: 100, tcpCpu: 1.03, agentCpu: 0.1 };
const JIFFIES = 100;

/** As an agent has it that was told nothing. */
const SETTINGS: TelemetrySettings = { sampling: 64, flightRecorder: { packets: 1024 }, peerGroups: {} };
const ALWAYS_ON = TELEMETRY.filter(({ runs }) => runs === 'always');

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const round = (value: number, digits = 1) => Number(value.toFixed(digits));

interface Pair extends AsyncDisposable {
  readonly left: TestNetns;
  readonly right: TestNetns;
}

interface ShownLink {
  readonly ifindex: number;
  readonly address: string;
}
const link = (ns: TestNetns, name: string) => JSON.parse(ns.ip('-j', 'link', 'show', name))[0] as ShownLink;

/** Two namespaces and a cable: w0 on the left, w1 on the right. */
async function pair(subnet: string): Promise<Pair> {
  const left = await netns('we-tele');
  const right = await netns('we-tele');
  left.ip('link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'w1', 'netns', right.name);
  for (const [ns, name, host] of [
    [left, 'w0', 1],
    [right, 'w1', 2],
  ] as const) {
    ns.ip('addr', 'add', `${subnet}.${host}/24`, 'dev', name);
    ns.ip('link', 'set', name, 'up');
  }
  return {
    left,
    right,
    async [Symbol.asyncDispose]() {
      await left[Symbol.asyncDispose]();
      await right[Symbol.asyncDispose]();
    },
  };
}

/** Attaches what is measured until it is disposed of. */
type Attach = () => Disposable;

const attachAll =
  (programs: readonly TelemetryProgram[]): Attach =>
  () => {
    const stack = new DisposableStack();
    for (const program of programs) stack.use(runTelemetry(program, SETTINGS));
    return stack;
  };

const EMPTY = `${PRELUDE}
SEC("tp_btf/netif_receive_skb") int receive(void *ctx) { return 0; }
SEC("tp_btf/net_dev_start_xmit") int transmit(void *ctx) { return 0; }`;

/** Programs that do nothing, where those of `flows` are: what it costs to look at each packet at all. */
const attachEmpty: Attach = () => {
  const stack = new DisposableStack();
  const { programs } = loadObject(bpfObject(EMPTY), { name: 'empty' });
  for (const program of programs.values()) {
    stack.defer(() => closeSync(program));
    const link = attachTracepoint(program);
    stack.defer(() => closeSync(link));
  }
  return stack;
};

interface Cost {
  /** Nanoseconds that a forwarded packet takes longer: median of pairs, and the middle half of them. */
  readonly added: number;
  readonly quartiles: readonly [number, number];
  readonly without: number;
}

/** Packets that arrive at a router and leave it for a device that swallows them before they become an skb. */
async function forwarding<T>(measure: (forward: () => number) => T | Promise<T>): Promise<T> {
  await using wire = await pair('10.91.1');
  const { left: router, right: sink } = wire;
  router.ip('link', 'add', 'in0', 'type', 'veth', 'peer', 'name', 'in1');
  router.ip('addr', 'add', '10.91.0.1/24', 'dev', 'in0');
  for (const name of ['in0', 'in1']) router.ip('link', 'set', name, 'up');
  router.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0');
  const target = link(sink, 'w1');
  router.ip('neigh', 'replace', '10.91.1.2', 'lladdr', target.address, 'dev', 'w0', 'nud', 'permanent');
  await swallow(sink, target.ifindex);
  using generator = frameGenerator();
  const { fd } = await router.io();
  const { ifindex, address } = link(router, 'in0');
  const frame = udpFrame(
    { from: link(router, 'in1').address, to: address },
    { from: '10.91.0.2', to: '10.91.1.2' },
    9,
  );
  const sent = () => Number(JSON.parse(router.ip('-j', '-s', 'link', 'show', 'w0'))[0].stats64.tx.packets);
  const forward = () => {
    const before = sent();
    let [ns, arrived] = [0, 0];
    // a signal ends a call early; and the packets go their whole way in it, so that what others do here is left out
    for (let calls = 0; arrived < PACKETS * 0.9; calls++) {
      if (calls > 200) throw new Error(`${arrived} of ${PACKETS} packets were forwarded`);
      const start = ownNs();
      generator.send(fd, ifindex, frame, PACKETS - arrived);
      ns += ownNs() - start;
      arrived = sent() - before;
    }
    return ns / arrived;
  };
  forward();
  return measure(forward);
}

/**
 * Let packets that arrive at a device vanish without a trace: they are redirected to a device whose other end takes no
 * frames. XDP_DROP on veth would count as a drop, which a forwarded packet is not.
 */
async function swallow(ns: TestNetns, ifindex: number): Promise<void> {
  ns.ip('link', 'add', 'w2', 'type', 'veth', 'peer', 'name', 'w3');
  for (const name of ['w2', 'w3']) ns.ip('link', 'set', name, 'up');
  const object = bpfObject(`${PRELUDE} const volatile __u32 target = 0;
    SEC("xdp") int swallow(struct xdp_md *ctx) { return bpf_redirect(target, 0); }`);
  const { programs } = loadObject(object, {
    name: 'swallow',
    variables: { target: link(ns, 'w2').ifindex },
  });
  attachXdp((await ns.io()).fd, programs.get('swallow') as number, ifindex, 'native');
}

function costOf(attach: Attach, forward: () => number): Cost {
  const offs: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const on = () => {
      using _ = attach();
      return forward();
    };
    const [a, b] = i % 2 === 0 ? [forward(), on()] : [on(), forward()];
    const [off, more] = i % 2 === 0 ? [a, b] : [b, a];
    offs.push(off);
    added.push(more - off);
  }
  const sorted = added.toSorted((a, b) => a - b);
  const quartile = (q: number) => round(sorted[Math.floor(sorted.length * q)] as number);
  return {
    added: round(median(added)),
    quartiles: [quartile(0.25), quartile(0.75)],
    without: round(median(offs)),
  };
}

/** Runs per packet and nanoseconds per run of each function, as the kernel counts them. */
function runsOf(program: TelemetryProgram, forward: () => number): string {
  using running = runTelemetry(program, SETTINGS);
  const stats = enableStats();
  const infos = () => [...running.programs].map(([name, fd]) => ({ function: name, ...programInfo(fd) }));
  const before = infos();
  forward();
  const texts = infos().map((after, i) => {
    const count = Number(after.runCount - (before[i]?.runCount ?? 0n));
    const time = Number(after.runTime - (before[i]?.runTime ?? 0n));
    return count === 0
      ? ''
      : `${after.function} ${round(count / PACKETS, 2)}/packet ${round(time / count)} ns`;
  });
  closeSync(stats);
  return texts.filter((text) => text !== '').join(', ');
}

/** Nanoseconds that the kernel counts for a run of a program that does nothing: its counting, and no cost of a packet. */
function emptyRun(forward: () => number): number {
  const { programs } = loadObject(
    bpfObject(`${PRELUDE} SEC("tp_btf/netif_receive_skb") int empty(void *ctx) { return 0; }`),
    { name: 'empty' },
  );
  const program = programs.get('empty') as number;
  const open = [attachTracepoint(program), program, enableStats()];
  forward();
  const { runTime, runCount } = programInfo(program);
  for (const fd of open) closeSync(fd);
  return round(Number(runTime) / Number(runCount));
}

/** CPU of a thread in nanoseconds, exact. */
const threadNs = (path: string) => Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]);
const ownNs = () => threadNs('/proc/thread-self');

/** The kernel's threads that handle packets when nobody else does. */
const SOFTIRQ_THREADS = execFileSync('pgrep', ['-P', '2', '^ksoftirqd/'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((pid) => `/proc/${pid}`);
const softirqSeconds = () => SOFTIRQ_THREADS.reduce((sum, path) => sum + threadNs(path), 0) / 1e9;

/** One TCP flow of iperf3 that is as fast as it can be. */
interface SaturatedFlow extends AsyncDisposable {
  /** For so many milliseconds: CPU seconds of both ends and of softirq threads per gigabyte, and gigabits a second. */
  measure(ms: number): Promise<{ readonly cpu: number; readonly gbit: number }>;
}

async function saturatedFlow({ left, right }: Pair): Promise<SaturatedFlow> {
  const start = (ns: TestNetns, ...args: readonly string[]) =>
    spawn('nsenter', [`--net=/run/netns/${ns.name}`, 'iperf3', ...args], { stdio: 'ignore' });
  const server = start(right, '-s', '-1', '-p', '5201');
  await delay(500);
  const client = start(left, '-c', '10.92.0.2', '-t', '600');
  await delay(2000);
  const received = () => Number(JSON.parse(right.ip('-j', '-s', 'link', 'show', 'w1'))[0].stats64.rx.bytes);
  const cpu = () =>
    [server, client].reduce((sum, { pid }) => sum + threadNs(`/proc/${pid}`) / 1e9, softirqSeconds());
  return {
    async measure(ms) {
      const [bytes, used, began] = [received(), cpu(), performance.now()];
      await delay(ms);
      const gigabytes = (received() - bytes) / 1e9;
      if (gigabytes === 0) throw new Error('the flow has ended');
      const seconds = (performance.now() - began) / 1000;
      return { cpu: (cpu() - used) / gigabytes, gbit: (gigabytes * 8) / seconds };
    },
    async [Symbol.asyncDispose]() {
      const ended = [client, server].map((end) => once(end, 'close'));
      client.kill();
      server.kill();
      await Promise.all(ended);
    },
  };
}

/** The same flow with and without, in turns: another flow may be another one in its sizes and queues. */
async function saturatedTcp() {
  await using wire = await pair('10.92.0');
  await using flow = await saturatedFlow(wire);
  const ratios: number[] = [];
  const rates: number[] = [];
  const off = () => flow.measure(TCP_MS);
  using loaded = new DisposableStack();
  const programs = ALWAYS_ON.map((program) => loaded.use(loadTelemetry(program, SETTINGS)));
  const on = async () => {
    using attached = new DisposableStack();
    for (const program of programs) attached.use(program.attach());
    return await flow.measure(TCP_MS);
  };
  for (let i = 0; i < TCP_PAIRS; i++) {
    const [a, b] = i % 2 === 0 ? [await off(), await on()] : [await on(), await off()];
    const [without, withAll] = i % 2 === 0 ? [a, b] : [b, a];
    ratios.push(withAll.cpu / without.cpu);
    rates.push(without.gbit);
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  const quartile = (q: number) => round(sorted[Math.floor(sorted.length * q)] as number, 3);
  return { ratio: quartile(0.5), quartiles: [quartile(0.25), quartile(0.75)], gbit: round(median(rates)) };
}

/** CPU of a process in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / JIFFIES;
}

/** Share of a CPU that the agent takes while packets are dropped at a steady rate, with and without somebody who looks. */
async function agentUnderEvents() {
  await using wire = await pair('10.93.0');
  await using agent = await agentProcess({ netns: wire.left.name });
  using generator = frameGenerator();
  const { fd } = await wire.left.io();
  const { ifindex, address } = link(wire.left, 'w0');
  // a type of packet that nobody takes: dropped once each, without an answer
  const frame = udpFrame(
    { from: '02:00:00:00:00:01', to: address },
    { from: '10.93.0.2', to: '10.93.0.1' },
    9,
  );
  frame.set([0x88, 0xb5], 12);
  const counted = async () => {
    const { body } = await ask(agent.to, '/metrics');
    const lines = body
      .split('\n')
      .filter((line) => /^weir_drops_packets_total\{reason="UNHANDLED_PROTO"/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const share = async (events: boolean) => {
    const before = await counted();
    await delay(500);
    const [cpu, start] = [cpuOf(agent.pid), performance.now()];
    let sent = 0;
    while (performance.now() - start < EVENT_SECONDS * 1000) {
      const due = Math.floor(((performance.now() - start) / 1000) * EVENTS);
      if (events && due > sent) generator.send(fd, ifindex, frame, due - sent);
      if (events) sent = due;
      await delay(5);
    }
    const used = (cpuOf(agent.pid) - cpu) / ((performance.now() - start) / 1000);
    const drops = (await counted()) - before;
    // a signal ends a call early
    if (drops > sent || drops < sent * 0.8) throw new Error(`${drops} of ${sent} drops were counted`);
    return round(used, 4);
  };
  const idle = await share(false);
  const unwatched = await share(true);
  const watching = get({ ...agent.to, path: '/v1/drops/events' }, (response) => response.resume());
  await delay(500);
  const watched = await share(true);
  watching.destroy();
  return { idle, unwatched, watched };
}

const perProgram = await forwarding((forward) => {
  console.log(
    `an empty program: ${emptyRun(forward)} ns per run by the kernel's counters, which is what counting takes`,
  );
  const rows = TELEMETRY.map((program) => {
    const cost = costOf(attachAll([program]), forward);
    const runs = runsOf(program, forward);
    console.log(
      `${program.name.padEnd(10)} +${cost.added} ns per forwarded packet (${cost.quartiles.join(' to ')}); ${runs}`,
    );
    return [program.name, cost.added] as const;
  });
  const empty = costOf(attachEmpty, forward);
  console.log(
    `nothing    +${empty.added} ns per forwarded packet (${empty.quartiles.join(' to ')}) for empty programs where those of flows are`,
  );
  const all = costOf(attachAll(ALWAYS_ON), forward);
  console.log(
    `all        +${all.added} ns per forwarded packet (${all.quartiles.join(' to ')}), budget ${TARGETS.forwardedNs} ns; ${all.without} ns without`,
  );
  return { ...Object.fromEntries(rows), empty: empty.added, all: all.added, without: all.without };
});
const tcp = await saturatedTcp();
console.log(
  `TCP        ${tcp.ratio} of the CPU per byte without (${tcp.quartiles.join(' to ')}), budget ${TARGETS.tcpCpu}; ${tcp.gbit} Gbit/s`,
);
const agent = await agentUnderEvents();
console.log(
  `agent      ${agent.idle * 100} % of a CPU idle, ${agent.unwatched * 100} % at ${EVENTS} drops/s, ${agent.watched * 100} % with a live view; budget ${TARGETS.agentCpu * 100} %`,
);
const met =
  perProgram.all <= TARGETS.forwardedNs && tcp.ratio <= TARGETS.tcpCpu && agent.watched <= TARGETS.agentCpu;
console.log(
  JSON.stringify({
    bench: 'telemetry',
    figures: { forwardedNs: perProgram, tcpGbit: tcp.gbit, agent },
    ratios: { tcpCpu: tcp.ratio },
    targets: TARGETS,
    met,
  }),
);
