// SPDX-License-Identifier: Apache-2.0
// What the netlink stack costs: adding and dumping IPv4 routes, against `ip -batch` and a loop in C on the same work
// in the same run. Everything happens in a network namespace of its own.
//
// Routes are added in two ways: by gateway and device, and through one nexthop object (`Nhid`), which spares the
// kernel the resolution of each gateway. `cOverIpBatch` says how much faster than `ip -batch` the C loop is: what the
// kernel's own work per route leaves room for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Encoder } from '../../src/codec/encoder.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  encodeRouteAttrs,
  encodeRtmsg,
  ROUTE_ATTRS,
  RT_TABLE_MAIN,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTMSG_SIZE,
  RTN_UNICAST,
} from '../../src/codec/generated/rt-route.ts';
import { pickOf } from '../../src/codec/table.ts';
import { type BatchFailure, NETLINK, type NetlinkTransport } from '../../src/kernel/ports.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const AF_INET = 2;
const NLM_F_CREATE_EXCL = 0x600;
/** Marks the routes of this benchmark. */
const PROTOCOL = 99;
/** 16.0.0.0: route i is the host route of the i-th address from here. */
const FIRST = 16 << 24;
const GATEWAY = Uint8Array.of(198, 18, 0, 2);
/** Messages that are encoded at a time: what a stream of routes of any length needs. */
const CHUNK = 2048;
const ROUTES = 100_000;
const MANY = 1_000_000;
const PAIRS = 7;
const ROUTE = {
  rtmFamily: AF_INET,
  rtmDstLen: 32,
  rtmTable: RT_TABLE_MAIN,
  rtmProtocol: PROTOCOL,
  rtmType: RTN_UNICAST,
} as const;
const PICK = pickOf(ROUTE_ATTRS, ['rtaDst', 'rtaOif']);

/** What a dump adds up, so that a wrong one cannot pass for a fast one. */
interface Sums {
  count: number;
  dst: number;
  oif: number;
}

interface Timed extends Partial<Sums> {
  readonly seconds: number;
}

/** How the routes lead on: by gateway and device, or through a nexthop object that holds both. */
type Way = 'via' | 'nhid';

interface Hop {
  readonly oif: number;
  readonly nexthop: number;
}

function encodeRoute(out: Encoder, type: number, index: number, way: Way, hop: Hop): void {
  const address = FIRST + index;
  const rtaDst = Uint8Array.of(address >>> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
  const mark = out.messageBegin(type, type === RTM_NEWROUTE ? NLM_F_CREATE_EXCL : 0);
  encodeRtmsg(out, ROUTE);
  if (way === 'via') encodeRouteAttrs(out, { rtaDst, rtaGateway: GATEWAY, rtaOif: hop.oif });
  else encodeRouteAttrs(out, { rtaDst, rtaNhId: hop.nexthop });
  out.messageEnd(mark);
}

/** Add or delete `count` routes: the next ones are encoded while the kernel works on those before. */
async function change(
  route: NetlinkTransport,
  type: number,
  count: number,
  way: Way,
  hop: Hop,
): Promise<Timed> {
  const encoders = [new Encoder(CHUNK * 64), new Encoder(CHUNK * 64)] as const;
  let sent: ReturnType<NetlinkTransport['submit']> = Promise.resolve([]);
  const start = performance.now();
  for (let from = 0; from < count; from += CHUNK) {
    const out = encoders[(from / CHUNK) % 2 === 0 ? 0 : 1];
    out.reset();
    for (let i = from; i < Math.min(from + CHUNK, count); i++) encodeRoute(out, type, i, way, hop);
    mustBeEmpty(await sent);
    sent = route.submit(out.batch());
  }
  mustBeEmpty(await sent);
  return { seconds: (performance.now() - start) / 1000, count };
}

function mustBeEmpty(failures: readonly BatchFailure[]): void {
  if (failures[0] !== undefined) throw failures[0].error;
}

async function dump(route: NetlinkTransport): Promise<Timed & Sums> {
  const sums = { count: 0, dst: 0, oif: 0 };
  const payload = new Uint8Array(RTMSG_SIZE);
  payload[0] = AF_INET;
  const start = performance.now();
  await route.dump({ type: RTM_GETROUTE, payload, operation: 'dump routes' }, (wire, from, end) => {
    if (decodeRtmsg(wire, from, end).rtmProtocol !== PROTOCOL) return;
    const { rtaDst, rtaOif } = decodeRouteAttrs(wire, from + RTMSG_SIZE, end, PICK);
    if (rtaDst === undefined || rtaOif === undefined) return;
    const [a = 0, b = 0, c = 0, d = 0] = rtaDst;
    sums.count++;
    sums.dst += ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    sums.oif += rtaOif;
  });
  return { seconds: (performance.now() - start) / 1000, ...sums };
}

function assertSums(who: string, got: Partial<Sums>, count: number, oif: number): void {
  const dst = count * FIRST + (count * (count - 1)) / 2;
  if (got.count === count && got.dst === dst && got.oif === count * oif) return;
  throw new Error(`${who}: wrong dump: ${JSON.stringify(got)}, expected ${count}, ${dst}, ${count * oif}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The peers: the C loop, and `ip -batch`. */
class Peers {
  readonly #ns: TestNetns;
  readonly #folder: string;
  readonly #hop: Hop;

  constructor(ns: TestNetns, folder: string, hop: Hop) {
    this.#ns = ns;
    this.#folder = folder;
    this.#hop = hop;
    const source = fileURLToPath(new URL('c/routes.c', import.meta.url));
    execFileSync('cc', ['-O2', '-Wall', '-o', join(folder, 'routes'), source], { stdio: 'inherit' });
    for (const way of ['via', 'nhid'] as const)
      writeFileSync(join(folder, way), Array.from({ length: ROUTES }, (_, i) => this.#line(i, way)).join(''));
  }

  #line(i: number, way: Way): string {
    const a = FIRST + i;
    const dst = `${a >>> 24}.${(a >> 16) & 255}.${(a >> 8) & 255}.${a & 255}/32`;
    const hop = way === 'via' ? `via ${GATEWAY.join('.')} dev v0` : `nhid ${this.#hop.nexthop}`;
    return `route add ${dst} ${hop} proto ${PROTOCOL}\n`;
  }

  #c(...args: readonly (string | number)[]): Timed {
    return JSON.parse(this.#ns.exec(join(this.#folder, 'routes'), ...args.map(String))) as Timed;
  }

  cChange(what: 'add' | 'delete', count: number, way: Way): Timed {
    const { oif, nexthop } = this.#hop;
    return way === 'via'
      ? this.#c(what, count, way, oif, GATEWAY.join('.'))
      : this.#c(what, count, way, nexthop);
  }

  cDump(): Timed {
    return this.#c('dump');
  }

  ipBatch(way: Way): Timed {
    const start = performance.now();
    this.#ns.ip('-batch', join(this.#folder, way));
    return { seconds: (performance.now() - start) / 1000 };
  }
}

interface Series {
  readonly ip: number[];
  readonly c: number[];
  readonly weir: number[];
}

async function measureAdds(route: NetlinkTransport, peers: Peers, way: Way, hop: Hop): Promise<Series> {
  const series: Series = { ip: [], c: [], weir: [] };
  const verified = async (who: string, add: () => Timed | Promise<Timed>) => {
    const { seconds } = await add();
    assertSums(who, await dump(route), ROUTES, hop.oif);
    peers.cChange('delete', ROUTES, way);
    return seconds;
  };
  const weir = () => change(route, RTM_NEWROUTE, ROUTES, way, hop);
  await verified('warm-up', weir);
  for (let i = 0; i < PAIRS; i++) {
    series.ip.push(await verified('ip -batch', () => peers.ipBatch(way)));
    series.c.push(await verified('C loop', () => peers.cChange('add', ROUTES, way)));
    series.weir.push(await verified('weir', weir));
  }
  return series;
}

async function measureDumps(route: NetlinkTransport, peers: Peers, hop: Hop): Promise<Series> {
  const series: Series = { ip: [], c: [], weir: [] };
  await change(route, RTM_NEWROUTE, ROUTES, 'via', hop);
  for (let i = 0; i < 2 * PAIRS; i++) {
    const c = peers.cDump();
    const weir = await dump(route);
    assertSums('C loop', c, ROUTES, hop.oif);
    assertSums('weir', weir, ROUTES, hop.oif);
    series.c.push(c.seconds);
    series.weir.push(weir.seconds);
  }
  await change(route, RTM_DELROUTE, ROUTES, 'via', hop);
  return series;
}

/** The median over pairs of how many times faster b was than a. */
function speedup(a: readonly number[], b: readonly number[]): number {
  return median(a.map((seconds, i) => seconds / (b[i] as number)));
}

const MIB = 1 << 20;

/** Longest time, in ms, that the event loop was held while `work` ran, and the highest RSS seen. */
async function watched<T>(work: Promise<T>): Promise<{ result: T; held: number; peak: number }> {
  let held = 0;
  let peak = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    held = Math.max(held, now - last - 1);
    last = now;
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 1);
  const result = await work;
  clearInterval(timer);
  return { result, held, peak };
}

async function streamMany(route: NetlinkTransport, peers: Peers, hop: Hop): Promise<Record<string, number>> {
  const before = process.memoryUsage.rss();
  const add = await watched(change(route, RTM_NEWROUTE, MANY, 'via', hop));
  const read = await watched(dump(route));
  const after = process.memoryUsage.rss();
  const c = peers.cDump();
  assertSums('weir', read.result, MANY, hop.oif);
  assertSums('C loop', c, MANY, hop.oif);
  await change(route, RTM_DELROUTE, MANY, 'via', hop);
  return {
    add1mSeconds: add.result.seconds,
    add1mLoopHeldMs: add.held,
    dump1mSeconds: read.result.seconds,
    dump1mLoopHeldMs: read.held,
    dump1mCSeconds: c.seconds,
    rssBeforeMiB: before / MIB,
    rssAfterMiB: after / MIB,
    rssPeakMiB: Math.max(add.peak, read.peak) / MIB,
  };
}

function rounded(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(4))]),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
try {
  await using ns = await netns('wb-bench');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const dev of ['v0', 'v1']) ns.ip('link', 'set', dev, 'up');
  ns.ip('addr', 'add', '198.18.0.1/24', 'dev', 'v0');
  const [{ ifindex: oif } = { ifindex: 0 }] = JSON.parse(ns.ip('-j', 'link', 'show', 'dev', 'v0')) as {
    ifindex: number;
  }[];
  const hop: Hop = { oif, nexthop: 1 };
  ns.ip('nexthop', 'add', 'id', String(hop.nexthop), 'via', GATEWAY.join('.'), 'dev', 'v0');
  const route = await (await ns.io()).netlink(NETLINK.ROUTE);
  const peers = new Peers(ns, folder, hop);
  const via = await measureAdds(route, peers, 'via', hop);
  const nhid = await measureAdds(route, peers, 'nhid', hop);
  const dumps = await measureDumps(route, peers, hop);
  const many = await streamMany(route, peers, hop);
  const perSecond = (series: readonly number[]) => ROUTES / median(series);
  const figures = rounded({
    addIpPerSecond: perSecond(via.ip),
    addCPerSecond: perSecond(via.c),
    addWeirPerSecond: perSecond(via.weir),
    addNhidIpPerSecond: perSecond(nhid.ip),
    addNhidCPerSecond: perSecond(nhid.c),
    addNhidWeirPerSecond: perSecond(nhid.weir),
    dumpCPerSecond: perSecond(dumps.c),
    dumpWeirPerSecond: perSecond(dumps.weir),
    ...many,
  });
  const ratios = rounded({
    addOverIpBatch: speedup(via.ip, via.weir),
    addNhidOverIpBatch: speedup(nhid.ip, nhid.weir),
    addNhidOverIpBatchVia: median(via.ip) / median(nhid.weir),
    cOverIpBatch: speedup(via.ip, via.c),
    addOverC: speedup(via.c, via.weir),
    addNhidOverC: speedup(nhid.c, nhid.weir),
    dumpOverC: speedup(dumps.c, dumps.weir),
    rssGrowthMiB: (figures['rssPeakMiB'] as number) - (figures['rssBeforeMiB'] as number),
  });
  const targets = { addOverIpBatch: 5, addOverC: 0.6, dumpOverC: 0.4, rssGrowthMiBAtMost: 64 };
  const met =
    (ratios['addOverIpBatch'] as number) >= targets.addOverIpBatch &&
    (ratios['addOverC'] as number) >= targets.addOverC &&
    (ratios['dumpOverC'] as number) >= targets.dumpOverC &&
    (ratios['rssGrowthMiB'] as number) <= targets.rssGrowthMiBAtMost;
  for (const [name, value] of Object.entries({ ...figures, ...ratios }))
    console.log(`${name.padEnd(20)} ${value}`);
  console.log(JSON.stringify({ bench: 'netlink', figures, ratios, targets, met }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
