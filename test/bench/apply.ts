// SPDX-License-Identifier: Apache-2.0
// Plan, apply and verify, from the text of the document on, against `ip -batch` alone on the same routes in the same run,
// and against pyroute2 for as many as it can bear.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { DocumentSet } from '../../src/engine/documents.ts';
import { debianFile } from '../helpers/debian.ts';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const ROUTES = 100_000;
const MIXED = 10_000;
const FOREIGN = 1_000_000;
const TEN = 10;
/** Routes for pyroute2, which makes some thousand a second. */
const FEW = 5_000;
const PAIRS = 3;
const MIB = 1 << 20;

const ASKER = { who: 'bench', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

type Spec = Readonly<Record<string, unknown>>;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const destination = (first: number, i: number) => {
  const a = first + i;
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
};

function documentText(netns: string, spec: Spec, name = 'bench'): string {
  const value = { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec: { netns, ...spec } };
  return JSON.stringify(value);
}

function documents(netns: string, spec: Spec): DocumentSet {
  return documentsIn(documentText(netns, spec));
}

const routes = (count: number, first: number) =>
  range(count).map((i) => ({ dst: `${destination(first, i)}/32`, gateway: '198.18.0.2', dev: 'v0' }));

/** A quarter each of addresses, routes, rules and neighbours. */
const mixed = (count: number) => ({
  addresses: range(count / 4).map((i) => ({ dev: 'v0', address: `${destination(0x0a000001, i)}/32` })),
  routes: routes(count / 4, 0x0b000000),
  rules: range(count / 4).map((i) => ({
    priority: 1000 + i,
    from: `${destination(0x0c000000, i)}/32`,
    table: 100,
  })),
  neighbours: range(count / 4).map((i) => ({
    dev: 'v0',
    dst: destination(0x0d000001, i),
    lladdr: `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
  })),
});

async function timed<T>(work: () => Promise<T> | T): Promise<{ seconds: number; result: T; peak: number }> {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const start = performance.now();
  const result = await work();
  clearInterval(timer);
  return { seconds: (performance.now() - start) / 1000, result, peak: peak / MIB };
}

async function prepared(name: string): Promise<TestNetns> {
  const ns = await netns(name);
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const dev of ['v0', 'v1']) ns.ip('link', 'set', dev, 'up');
  ns.ip('addr', 'add', '198.18.0.1/24', 'dev', 'v0');
  return ns;
}

function countRoutes(ns: TestNetns, protocol: string): number {
  return ns.ip('route', 'show', 'proto', protocol).split('\n').length - 1;
}

function mustBe(what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${what}: ${String(got)}, expected ${String(wanted)}`);
}

const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));

function scratch(): string {
  return mkdtempSync(join(folder, 'state-'));
}

/** Plan, apply and verify in a new namespace with a new journal. */
async function applied(spec: Spec, objects: number) {
  await using ns = await prepared('wF-bench');
  await using test = testEngine(scratch());
  const text = documentText(ns.name, spec);
  const before = process.memoryUsage.rss() / MIB;
  const first = await timed(() =>
    test.engine.apply({ documents: documentsIn(text), prune: true }, WISH, ASKER),
  );
  mustBe('apply', first.result.status, 'confirmed');
  mustBe('objects', first.result.counts.create, objects);
  const plan = await timed(() => test.engine.plan({ documents: documentsIn(text), prune: true }, ASKER));
  mustBe('steps of a second plan', plan.result.plan.actions.length, 0);
  const set = documentsIn(text);
  const again = await timed(() => test.engine.apply({ documents: set, prune: true }, WISH, ASKER));
  mustBe('second apply', again.result.status, 'unchanged');
  const seen = countRoutes(ns, '87');
  const removed = await timed(() => test.engine.apply({ documents: [], prune: true }, WISH, ASKER));
  mustBe('removal', removed.result.status, 'confirmed');
  mustBe('routes left', countRoutes(ns, '87'), 0);
  return { apply: first, growth: first.peak - before, plan, again, removed, seen };
}

async function batch(lines: readonly string[]): Promise<number> {
  await using ns = await prepared('wF-batch');
  const file = join(folder, 'batch');
  writeFileSync(file, lines.join(''));
  const { seconds } = await timed(() => ns.ip('-batch', file));
  mustBe('routes of ip -batch', countRoutes(ns, '87'), lines.length);
  return seconds;
}

/** The same routes one by one through pyroute2, as a script would do it. */
async function pyroute2(count: number): Promise<number> {
  await using ns = await prepared('wF-pyroute2');
  const script = [
    'import sys, time',
    'from pyroute2 import NetNS',
    'name, count, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])',
    'ns = NetNS(name)',
    "oif = ns.link_lookup(ifname='v0')[0]",
    'start = time.monotonic()',
    'for i in range(count):',
    "    a = (first + i).to_bytes(4, 'big')",
    "    ns.route('add', dst='.'.join(map(str, a)) + '/32', gateway='198.18.0.2', oif=oif, proto=87)",
    'print(time.monotonic() - start)',
  ];
  const modules = debianFile('python3-pyroute2', 'usr/lib/python3/dist-packages');
  const env = { ...process.env, PYTHONPATH: modules, PYTHONDONTWRITEBYTECODE: '1' };
  const args = ['-c', script.join('\n'), ns.name, String(count), String(0x0f000000)];
  const seconds = Number(execFileSync('/usr/bin/python3', args, { env, encoding: 'utf8' }));
  mustBe('routes of pyroute2', countRoutes(ns, '87'), count);
  return seconds;
}

/** Seconds to plan and apply ten objects, and the growth of the resident memory by it. */
async function ten(ns: TestNetns): Promise<{ seconds: number; growth: number }> {
  await using test = testEngine(scratch());
  const set = documents(ns.name, { routes: routes(TEN, 0x0e000000) });
  const before = process.memoryUsage.rss() / MIB;
  const { seconds, peak, result } = await timed(async () => {
    await test.engine.plan({ documents: set, prune: true }, ASKER);
    return test.engine.apply({ documents: set, prune: true }, WISH, ASKER);
  });
  mustBe('ten objects', result.status, 'confirmed');
  await test.engine.apply({ documents: [], prune: true }, WISH, ASKER);
  return { seconds, growth: peak - before };
}

async function amongForeign() {
  await using none = await prepared('wF-none');
  await using many = await prepared('wF-many');
  const file = join(folder, 'foreign');
  const line = (i: number) => `route add ${destination(0x14000000, i)}/32 via 198.18.0.2 dev v0 proto 186\n`;
  writeFileSync(file, range(FOREIGN).map(line).join(''));
  many.ip('-batch', file);
  const pairs: { none: number; many: number; growth: number }[] = [];
  await ten(none);
  await ten(many);
  for (let i = 0; i < 2 * PAIRS + 1; i++) {
    const without = await ten(none);
    const among = await ten(many);
    pairs.push({ none: without.seconds, many: among.seconds, growth: among.growth });
  }
  return pairs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const rounded = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(4))]));

try {
  const spec = { routes: routes(ROUTES, 0x0f000000) };
  const lines = spec.routes.map(
    ({ dst, gateway, dev }) => `route add ${dst} via ${gateway} dev ${dev} proto 87\n`,
  );
  const runs: { weir: Awaited<ReturnType<typeof applied>>; ip: number }[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const ip = await batch(lines);
    const weir = await applied(spec, ROUTES);
    mustBe('routes', weir.seen, ROUTES);
    runs.push({ weir, ip });
  }
  const mix = await applied(mixed(MIXED), MIXED);
  const few = {
    weir: await applied({ routes: routes(FEW, 0x0f000000) }, FEW),
    pyroute2: await pyroute2(FEW),
  };
  const foreign = await amongForeign();
  const middle = (value: (run: (typeof runs)[number]) => number) => median(runs.map(value));
  const figures = rounded({
    routesApplySeconds: middle(({ weir }) => weir.apply.seconds),
    routesIpBatchSeconds: middle(({ ip }) => ip),
    routesUnchangedPlanSeconds: middle(({ weir }) => weir.plan.seconds),
    routesUnchangedApplySeconds: middle(({ weir }) => weir.again.seconds),
    routesRemoveSeconds: middle(({ weir }) => weir.removed.seconds),
    routesApplyGrowthMiB: Math.max(...runs.map(({ weir }) => weir.growth)),
    fewRoutesApplySeconds: few.weir.apply.seconds,
    fewRoutesPyroute2Seconds: few.pyroute2,
    mixedApplySeconds: mix.apply.seconds,
    mixedUnchangedPlanSeconds: mix.plan.seconds,
    tenSeconds: median(foreign.map((pair) => pair.none)),
    tenAmongForeignSeconds: median(foreign.map((pair) => pair.many)),
    tenAmongForeignGrowthMiB: Math.max(...foreign.map((pair) => pair.growth)),
  });
  const ratios = rounded({
    applyOverIpBatch: middle(({ weir, ip }) => ip / weir.apply.seconds),
    applyOverPyroute2: few.pyroute2 / few.weir.apply.seconds,
    tenAmongForeignOverNone: median(foreign.map((pair) => pair.many / pair.none)),
  });
  const targets = {
    routesUnchangedPlanSeconds: 1,
    tenAmongForeignOverNone: 1.2,
    tenAmongForeignGrowthMiB: 32,
  };
  const measured: Readonly<Record<string, number>> = { ...figures, ...ratios };
  const met = Object.entries(targets).every(([name, most]) => (measured[name] ?? Number.NaN) <= most);
  for (const [name, value] of Object.entries(measured)) console.log(`${name.padEnd(28)} ${value}`);
  console.log(JSON.stringify({ bench: 'apply', figures, ratios, targets, met }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
