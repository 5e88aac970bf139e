// SPDX-License-Identifier: Apache-2.0
// What network policy costs: nanoseconds a packet by BPF_PROG_TEST_RUN and live, by number of rules and prefixes, beside
// nftables with the same rules and an XDP program that does nothing but drop; and how fast changes are in force.
// Arguments choose a part: `runs` of what is not live, `million` of these only the largest set.
import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import process from 'node:process';
import { attachXdp } from '../../src/kernel/bpf/links.ts';
import type { PolicySpec } from '../../src/model/policy.ts';
import { PolicyCompiler } from '../../src/policy/compile/compiler.ts';
import { parsePrefixes } from '../../src/policy/prefix-text.ts';
import type { PrefixList } from '../../src/policy/prefixes.ts';
import type { World } from '../../src/policy/world.ts';
import { frame } from '../helpers/policy-frames.ts';
import { type BenchNode, benchNode } from './policy/bench-node.ts';
import { liveSender, nftables, silentSocket } from './policy/live.ts';
import {
  CLIENT,
  dotted,
  HOST,
  OPEN_PORT,
  prefixTexts,
  ruleOf,
  spread,
  TCP,
  UDP,
  world,
} from './policy/worlds.ts';

const ROUNDS = 7;
const REPEAT = 400_000;
const LIVE = 2_000_000;
const CHANGES = 200;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
const percentile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] as number;
const say = (text: string) => process.stdout.write(`${text}\n`);

/** As the machine reads an address that stands in the order of the network. */
function wireOrder(address: number): number {
  return ((address & 255) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24);
}

function addressesIn(texts: readonly string[]): Uint32Array {
  const step = Math.max(1, Math.floor(texts.length / 65_536));
  return Uint32Array.from({ length: Math.min(65_536, texts.length) }, (_, i) => {
    const [network = '', length = '32'] = (texts[(i * step * 7919) % texts.length] as string).split('/');
    const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
    const host = 32 - Number(length);
    const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    return wireOrder((base + (host === 0 ? 0 : Math.imul(i, 40_503) & ((1 << host) - 1))) >>> 0);
  });
}

/** Sources that nobody has denied and no rule but the open port's knows. */
const STRANGERS = Uint32Array.from({ length: 65_536 }, (_, i) => wireOrder(0x0a000000 + i * 251));

const packet = (protocol: number, flags: number, reply = false) =>
  frame({
    source: reply ? HOST : CLIENT,
    destination: reply ? CLIENT : HOST,
    protocol,
    sourcePort: reply ? OPEN_PORT : 4000,
    port: reply ? 4000 : OPEN_PORT,
    flags,
    payload: new Uint8Array(20),
  });
const SYN = packet(TCP, 2);
const SYN_ACK = packet(TCP, 18, true);
const ACK = packet(TCP, 16);
const DATAGRAM = packet(UDP, 0);

interface Case {
  readonly rules: number;
  readonly prefixes: number;
}

interface RunFigures {
  readonly nothing: number;
  /** Reading the two words that finding a source must, one after the other. */
  readonly memory: number;
  readonly established: number;
  readonly establishedMany: number;
  readonly fresh: number;
  readonly deniedXdp: number;
  readonly deniedUdpXdp: number;
  readonly deniedTcx: number;
}

function measured(node: BenchNode, name: Parameters<BenchNode['runs']>[0], bytes: Uint8Array): number {
  return median(Array.from({ length: ROUNDS }, () => node.runs(name, bytes.slice(), REPEAT)));
}

/** Connections of so many clients, all with the same ports: each packet is another's. */
function establish(node: BenchNode, clients: Uint32Array): void {
  node.sources(clients);
  for (const [name, bytes] of [
    ['random_ingress', SYN],
    ['random_egress', SYN_ACK],
    ['random_ingress', ACK],
  ] as const)
    node.runs(name, bytes.slice(), 65_536);
}

function runs(node: BenchNode, denied: Uint32Array): RunFigures {
  node.sources(denied);
  const nothing = measured(node, 'random_nothing', SYN);
  const memory = measured(node, 'random_memory', SYN);
  const deniedXdp = measured(node, 'random_early', SYN);
  const deniedUdpXdp = measured(node, 'random_early', DATAGRAM);
  const deniedTcx = measured(node, 'random_ingress', SYN);
  establish(node, Uint32Array.of(wireOrder(0xc6120002)));
  const established = measured(node, 'random_ingress', ACK);
  establish(node, STRANGERS.slice(0, 16_384));
  const establishedMany = measured(node, 'random_ingress', ACK);
  node.sources(STRANGERS);
  const fresh = measured(node, 'random_ingress', SYN);
  return { nothing, memory, established, establishedMany, fresh, deniedXdp, deniedUdpXdp, deniedTcx };
}

interface Loaded {
  readonly compiler: PolicyCompiler;
  readonly world: World;
  readonly seconds: { readonly parse: number; readonly compile: number; readonly write: number };
}

async function load(node: BenchNode, { rules, prefixes }: Case, texts: readonly string[]): Promise<Loaded> {
  const bytes = Buffer.from(texts.slice(0, prefixes).join('\n'));
  const start = performance.now();
  const list: PrefixList = parsePrefixes(bytes, 1_000_000).list;
  const parsed = performance.now();
  const compiler = new PolicyCompiler();
  const all = world(rules, list);
  const compiled = compiler.update(all);
  const done = performance.now();
  await node.enforce(compiled, true);
  compiler.accept();
  const end = performance.now();
  const seconds = {
    parse: (parsed - start) / 1000,
    compile: (done - parsed) / 1000,
    write: (end - done) / 1000,
  };
  return { compiler, world: all, seconds };
}

/** Milliseconds from a changed document to the policy in force, one rule among 10,000 at a time. */
async function changes(node: BenchNode, { compiler, world }: Loaded): Promise<readonly number[]> {
  const policies = world.policies as Map<string, PolicySpec>;
  const took: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const key = `Policy/rule-${i * 31}`;
    const before = policies.get(key);
    if (before === undefined) throw new Error(`there is no ${key}`);
    await node.enforcer.settled();
    const start = performance.now();
    policies.set(key, { ...before, ...ruleOf(i * 31, 1 + (i % 7)) });
    const compiled = compiler.update(world, { policies: [key] });
    await node.enforcer.update(compiled, [node.place(compiled)], false);
    compiler.accept();
    took.push(performance.now() - start);
  }
  return took;
}

interface LiveFigures {
  readonly [name: string]: number;
}

async function live(node: BenchNode, texts: readonly string[]): Promise<LiveFigures> {
  using sender = liveSender(node);
  const denied = addressesIn(texts);
  const client = Uint32Array.of(wireOrder(0xc6120002));
  node.host.exec('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.v0.rp_filter=0');
  const figures: Record<string, number> = {};
  const measure = (name: string, sources: Uint32Array, count = LIVE) => {
    sender.send(sources, 10_000);
    figures[name] = median(Array.from({ length: 3 }, () => sender.send(sources, count)));
    say(`live ${name}: ${figures[name]?.toFixed(0)} ns`);
  };
  const began = async () => {
    // the second packet after an answer makes a connection of it
    sender.send(client, 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    sender.send(client, 64);
  };

  {
    await using _socket = await silentSocket(node);
    await began();
    measure('establishedNone', client);
    measure('newNone', STRANGERS);
  }
  const empty = attachXdp(node.hostIo.fd, sender.dropAll, node.hostIfindex, 'native');
  measure('dropEmptyXdp', denied, LIVE * 2);
  closeSync(empty);

  const compiler = new PolicyCompiler();
  const list = parsePrefixes(Buffer.from(texts.join('\n')), 1_000_000).list;
  await node.enforce(compiler.update(world(10_000, list)), true);
  const before = node.enforcer.drops()['DENIED']?.packets ?? 0;
  measure('dropWeirXdp', denied, LIVE * 2);
  figures['dropWeirXdpCounted'] = (node.enforcer.drops()['DENIED']?.packets ?? 0) - before;
  await node.detach();
  await node.enforcer.attach(node.place(compiler.update(compiler.world)));
  measure('dropWeirTcx', denied);
  {
    await using _socket = await silentSocket(node);
    await began();
    measure('establishedWeir', client);
    measure('newWeir', STRANGERS);
  }
  await node.detach();

  const allowed = Array.from({ length: 10_000 }, (_, i) => [dotted(spread(i)), 1024 + (i % 30_000)] as const);
  const file = nftables(texts, allowed);
  execFileSync('nsenter', [`--net=/run/netns/${node.host.name}`, 'nft', '-f', '-'], { input: file });
  measure('dropNft', denied);
  {
    await using _socket = await silentSocket(node);
    await began();
    measure('establishedNft', client);
    measure('newNft', STRANGERS);
  }
  node.host.exec('nft', 'flush', 'ruleset');
  return figures;
}

async function main(): Promise<void> {
  await using node = await benchNode();
  const texts = prefixTexts(1_000_000);
  const part = process.argv[2];
  const figures: Record<string, unknown> = {};
  const runFigures = new Map<string, RunFigures>();
  const cases: readonly Case[] = [
    { rules: 10, prefixes: 10_000 },
    { rules: 1_000, prefixes: 10_000 },
    { rules: 10_000, prefixes: 10_000 },
    { rules: 10_000, prefixes: 1_000_000 },
  ];
  let latest: Loaded | undefined;
  for (const one of cases) {
    if (part === 'million' && one.prefixes < 1_000_000) continue;
    const name = `${one.rules} rules, ${one.prefixes} prefixes`;
    latest = await load(node, one, texts);
    const result = runs(node, addressesIn(texts.slice(0, one.prefixes)));
    runFigures.set(name, result);
    figures[name] = { ...result, seconds: latest.seconds };
    say(`${name}: ${JSON.stringify(figures[name])}`);
    if (one.rules === 10_000 && one.prefixes === 10_000) {
      const took = await changes(node, latest);
      figures['changeMs'] = { p50: median(took), p99: percentile(took, 0.99), max: Math.max(...took) };
      say(`changes: ${JSON.stringify(figures['changeMs'])}`);
    }
  }
  if (part !== undefined) return;
  await node.detach();
  const lives = await live(node, texts.slice(0, 10_000));
  figures['live'] = lives;
  const at = (name: string) => runFigures.get(name) as RunFigures;
  const [few, many, million] = [
    at('10 rules, 10000 prefixes'),
    at('10000 rules, 10000 prefixes'),
    at('10000 rules, 1000000 prefixes'),
  ];
  const { parse = 99, compile = 99, write = 99 } = latest?.seconds ?? {};
  const change = figures['changeMs'] as { p99: number };
  const ratios = {
    dropRateToNft: (lives['dropNft'] ?? 0) / (lives['dropWeirXdp'] ?? 1),
    dropRateOfEmptyXdp: (lives['dropEmptyXdp'] ?? 0) / (lives['dropWeirXdp'] ?? 1),
    establishedByRules: many.established / few.established,
    deniedByRules: many.deniedXdp / few.deniedXdp,
    newByRules: many.fresh / few.fresh,
    establishedToNft: (lives['establishedNft'] ?? 0) / (lives['establishedWeir'] ?? 1),
    newToNft: (lives['newNft'] ?? 0) / (lives['newWeir'] ?? 1),
  };
  const targets = {
    'established, 10,000 rules <= 150 ns': many.established <= 150,
    'denied source of 1,000,000 prefixes <= 150 ns': million.deniedXdp <= 150,
    'drop rate >= 5 times nftables': ratios.dropRateToNft >= 5,
    'cost flat in rules (<= 1.3)': Math.max(ratios.establishedByRules, ratios.deniedByRules) <= 1.3,
    '1,000,000 prefixes within 5 s': parse + compile + write <= 5,
    'a change of 10,000 in force within 10 ms p99': change.p99 <= 10,
  };
  const met = Object.values(targets).every(Boolean);
  say(JSON.stringify({ bench: 'policy', figures, ratios, targets, met }));
}

await main();
