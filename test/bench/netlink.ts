// SPDX-License-Identifier: Apache-2.0
// What the netlink stack costs: adding and dumping IPv4 routes, against `ip -batch` and a loop in C on the same work
// in the same run. Everything happens in a network namespace of its own.
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
import { NETLINK, type NetlinkTransport } from '../../src/kernel/ports.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const AF_INET = 2;
const NLM_F_CREATE_EXCL = 0x600;
/** Marks the routes of this benchmark. */
const PROTOCOL = 99;
/** 16.0.0.0: route i is the host route of the i-th address from here. */
const FIRST = 16 << 24;
const GATEWAY = [198, 18, 0, 2] as const;
/** Messages that are encoded at a time: what a stream of routes of any length needs. */
const CHUNK = 4096;
const ROUTES = 100_000;
const MANY = 1_000_000;
const PAIRS = 7;
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

function encodeRoute(out: Encoder, type: number, index: number, oif: number): void {
  const address = FIRST + index;
  const mark = out.messageBegin(type, type === RTM_NEWROUTE ? NLM_F_CREATE_EXCL : 0);
  encodeRtmsg(out, {
    rtmFamily: AF_INET,
    rtmDstLen: 32,
    rtmTable: RT_TABLE_MAIN,
    rtmProtocol: PROTOCOL,
    rtmType: RTN_UNICAST,
  });
  encodeRouteAttrs(out, {
    rtaDst: Uint8Array.of(address >>> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255),
    rtaGateway: Uint8Array.from(GATEWAY),
    rtaOif: oif,
  });
  out.messageEnd(mark);
}

async function change(route: NetlinkTransport, type: number, count: number, oif: number): Promise<Timed> {
  const out = new Encoder(CHUNK * 64);
  const start = performance.now();
  for (let from = 0; from < count; from += CHUNK) {
    out.reset();
    for (let i = from; i < Math.min(from + CHUNK, count); i++) encodeRoute(out, type, i, oif);
    const [failure] = await route.submit(out.batch());
    if (failure !== undefined) throw failure.error;
  }
  return { seconds: (performance.now() - start) / 1000, count };
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
  readonly #oif: number;

  constructor(ns: TestNetns, folder: string, oif: number) {
    this.#ns = ns;
    this.#folder = folder;
    this.#oif = oif;
    const source = fileURLToPath(new URL('c/routes.c', import.meta.url));
    execFileSync('cc', ['-O2', '-Wall', '-o', join(folder, 'routes'), source], { stdio: 'inherit' });
    const lines = Array.from({ length: ROUTES }, (_, i) => this.#line(i));
    writeFileSync(join(folder, 'batch'), lines.join(''));
  }

  #line(i: number): string {
    const a = FIRST + i;
    const dst = `${a >>> 24}.${(a >> 16) & 255}.${(a >> 8) & 255}.${a & 255}`;
    return `route add ${dst}/32 via ${GATEWAY.join('.')} dev v0 proto ${PROTOCOL}\n`;
  }

  c(...args: readonly string[]): Timed {
    const tail = args[0] === 'dump' ? [] : [String(this.#oif), GATEWAY.join('.')];
    return JSON.parse(this.#ns.exec(join(this.#folder, 'routes'), ...args, ...tail)) as Timed;
  }

  ipBatch(): Timed {
    const start = performance.now();
    this.#ns.ip('-batch', join(this.#folder, 'batch'));
    return { seconds: (performance.now() - start) / 1000 };
  }
}

interface Series {
  readonly ip: number[];
  readonly c: number[];
  readonly weir: number[];
}

async function measureAdds(route: NetlinkTransport, peers: Peers, oif: number): Promise<Series> {
  const series: Series = { ip: [], c: [], weir: [] };
  const verified = async (who: string, add: () => Timed | Promise<Timed>) => {
    const { seconds } = await add();
    assertSums(who, await dump(route), ROUTES, oif);
    peers.c('delete', String(ROUTES));
    return seconds;
  };
  await verified('warm-up', () => change(route, RTM_NEWROUTE, ROUTES, oif));
  for (let i = 0; i < PAIRS; i++) {
    series.ip.push(await verified('ip -batch', () => peers.ipBatch()));
    series.c.push(await verified('C loop', () => peers.c('add', String(ROUTES))));
    series.weir.push(await verified('weir', () => change(route, RTM_NEWROUTE, ROUTES, oif)));
  }
  return series;
}

async function measureDumps(route: NetlinkTransport, peers: Peers, oif: number): Promise<Series> {
  const series: Series = { ip: [], c: [], weir: [] };
  await change(route, RTM_NEWROUTE, ROUTES, oif);
  for (let i = 0; i < 2 * PAIRS; i++) {
    const c = peers.c('dump');
    const weir = await dump(route);
    assertSums('C loop', c, ROUTES, oif);
    assertSums('weir', weir, ROUTES, oif);
    series.c.push(c.seconds);
    series.weir.push(weir.seconds);
  }
  await change(route, RTM_DELROUTE, ROUTES, oif);
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

async function streamMany(
  route: NetlinkTransport,
  peers: Peers,
  oif: number,
): Promise<Record<string, number>> {
  const before = process.memoryUsage.rss();
  const add = await watched(change(route, RTM_NEWROUTE, MANY, oif));
  const read = await watched(dump(route));
  const after = process.memoryUsage.rss();
  const c = peers.c('dump');
  assertSums('weir', read.result, MANY, oif);
  assertSums('C loop', c, MANY, oif);
  await change(route, RTM_DELROUTE, MANY, oif);
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
  const route = await (await ns.io()).netlink(NETLINK.ROUTE);
  const peers = new Peers(ns, folder, oif);
  const adds = await measureAdds(route, peers, oif);
  const dumps = await measureDumps(route, peers, oif);
  const many = await streamMany(route, peers, oif);
  const perSecond = (series: readonly number[]) => ROUTES / median(series);
  const figures = rounded({
    addIpPerSecond: perSecond(adds.ip),
    addCPerSecond: perSecond(adds.c),
    addWeirPerSecond: perSecond(adds.weir),
    dumpCPerSecond: perSecond(dumps.c),
    dumpWeirPerSecond: perSecond(dumps.weir),
    ...many,
  });
  const ratios = rounded({
    addOverIpBatch: speedup(adds.ip, adds.weir),
    addOverC: speedup(adds.c, adds.weir),
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
