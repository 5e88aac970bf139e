// SPDX-License-Identifier: Apache-2.0
// A full scrape of several namespaces on the real kernel: its text, its names, its namespaces.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { textOf } from '../../src/base/bytes.ts';
import type { Family } from '../../src/metrics/exposition.ts';
import { ExpositionSet } from '../../src/metrics/exposition-set.ts';
import { labelBytes } from '../../src/metrics/labels.ts';
import { COLLECTORS } from '../../src/metrics/registry.ts';
import { SELF } from '../../src/metrics/self.ts';
import { debianFile } from '../helpers/debian.ts';
import { keyOf, type ParsedFamily, parseExposition } from '../helpers/exposition-text.ts';
import { namespaceScraper } from '../helpers/namespace-scraper.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const DOCUMENTED: readonly Family[] = [
  ...COLLECTORS.flatMap(({ families, openFamilies = [] }) => [...families, ...openFamilies]),
  ...Object.values(SELF),
];

/** Findings that node_exporter's names force: it builds them from the kernel's, which are in camel case. */
const FORCED = /^(node|weir)_netstat_\w+ metric names should be written in 'snake_case' not 'camelCase'$/;

/** Numbers that move between two looks at the same thing. */
const MOVING = /sockstat_(TCP|UDP)_mem|scrape_collector_duration|sockets_used|lnstat_entries/;

async function node(prefix: string): Promise<TestNetns> {
  const ns = await netns(prefix);
  ns.ip('link', 'add', 'wda', 'type', 'veth', 'peer', 'name', 'wdb');
  ns.ip('address', 'add', '10.9.0.1/24', 'dev', 'wda');
  for (const device of ['wda', 'wdb']) ns.ip('link', 'set', device, 'addrgenmode', 'none', 'up');
  ns.ip('neighbour', 'add', '10.9.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'wda');
  ns.ip('route', 'add', '10.30.0.0/16', 'via', '10.9.0.2');
  ns.tc('qdisc', 'add', 'dev', 'wda', 'root', 'handle', '1:', 'htb');
  ns.tc('class', 'add', 'dev', 'wda', 'parent', '1:', 'classid', '1:10', 'htb', 'rate', '1mbit');
  ns.tc('qdisc', 'add', 'dev', 'wda', 'parent', '1:10', 'handle', '10:', 'pfifo');
  return ns;
}

/** Findings of `promtool check metrics`. @throws when the text cannot be parsed. */
function findings(text: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(
    debianFile('prometheus', 'usr/bin/promtool'),
    ['check', 'metrics'],
    { input: text, encoding: 'utf8' },
  );
  const FOUND = 3;
  if (status !== 0 && status !== FOUND) throw new Error(`promtool: ${stderr}`);
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

test('promtool finds nothing but the names that the contract forces', async () => {
  await using own = await node('wd-lint');
  await using scraper = await namespaceScraper([
    ['', await own.io()],
    ['blue', await own.io()],
  ]);
  const text = await scraper.scrape();
  const found = findings(text);
  expect(found.filter((line) => !FORCED.test(line))).toEqual([]);
  console.log(`promtool: ${parseExposition(text).size} families, ${found.length} forced findings`);
});

test('promtool finds nothing in any documented family, also where this kernel has no data', async () => {
  const set = new ExpositionSet();
  for (const family of DOCUMENTED)
    for (const netnsName of ['', 'blue']) {
      // other namespaces have the richer weir_qdisc_ families only
      if (netnsName !== '' && family.name.startsWith('node_qdisc_')) continue;
      const known = { ...family, name: family.name.replace(/<\w+>/g, 'x') };
      const writer = set.bind(netnsName, async () => {}).family(known);
      const values = known.labels.map(() => 'x');
      if (known.type === 'histogram')
        writer.histogram(labelBytes(netnsName, known.labels, values), {
          bounds: [1],
          counts: [1, 0],
          sum: 1,
        });
      else writer.add(values, 1);
    }
  const text = textOf(await set.render(async () => {}));
  expect(parseExposition(text).size).toBeGreaterThan(DOCUMENTED.length);
  expect(findings(text).filter((line) => !FORCED.test(line))).toEqual([]);
});

test('every family of a scrape is documented, with its type and its labels', async () => {
  await using own = await node('wd-doc');
  await using scraper = await namespaceScraper([['', await own.io()]]);
  for (const family of parseExposition(await scraper.scrape()).values()) {
    const known = DOCUMENTED.find(({ name }) => patternOf(name).test(family.name));
    expect(known, family.name).toBeDefined();
    expect(family.type, family.name).toBe(known?.type);
    for (const { labels } of family.samples.values())
      expect(Object.keys(labels), family.name).toEqual(known?.labels);
  }
});

function patternOf(name: string): RegExp {
  return new RegExp(`^${name.replace(/<\w+>/g, '\\w+')}$`);
}

test('a second namespace has the same numbers under weir_ names with a netns label', async () => {
  await using own = await node('wd-own');
  const io = await own.io();
  const collectors = COLLECTORS.filter(({ scope }) => scope === 'netns');
  await using scraper = await namespaceScraper(
    [
      ['', io],
      ['b"lue', io],
    ],
    { collectors },
  );
  await scraper.scrape();
  const families = parseExposition(await scraper.scrape());
  let compared = 0;
  for (const family of families.values()) {
    if (!family.name.startsWith('node_') || /^node_qdisc/.test(family.name)) continue;
    const other = inNetns(families.get(`weir_${family.name.slice(5)}`), 'b"lue');
    expect([...other.keys()].sort(), family.name).toEqual([...family.samples.keys()].sort());
    if (MOVING.test(family.name)) continue;
    for (const [key, sample] of family.samples)
      expect(other.get(key), `${family.name}${key}`).toBe(sample.value);
    compared += family.samples.size;
  }
  expect(compared).toBeGreaterThan(200);
  const children = families.get('weir_qdisc_packets_total')?.samples.values() ?? [];
  const parents = [...children]
    .filter(({ labels }) => labels['device'] === 'wda')
    .map(({ labels }) => labels);
  expect(parents).toEqual([
    { device: 'wda', kind: 'htb', parent: 'root', handle: '1:' },
    { device: 'wda', kind: 'pfifo', parent: '1:10', handle: '10:' },
    { netns: 'b"lue', device: 'wda', kind: 'htb', parent: 'root', handle: '1:' },
    { netns: 'b"lue', device: 'wda', kind: 'pfifo', parent: '1:10', handle: '10:' },
  ]);
});

/** Samples of one namespace, keyed without its label. */
function inNetns(family: ParsedFamily | undefined, netnsName: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { labels, value } of family?.samples.values() ?? []) {
    const { netns: name, ...rest } = labels;
    if (name === netnsName) found.set(keyOf(rest), value);
  }
  return found;
}

test('device patterns match whole names and leave nothing of a hidden device', async () => {
  await using own = await node('wd-filter');
  const shown = async (filters: { include?: string; exclude?: string }) => {
    await using scraper = await namespaceScraper([['', await own.io()]], { filters });
    const families = parseExposition(await scraper.scrape());
    const devices = [...families.values()].flatMap(({ samples }) =>
      [...samples.values()].map((s) => s.labels),
    );
    return [...new Set(devices.map(({ device }) => device))].filter((name) => name !== undefined).sort();
  };
  expect(await shown({})).toEqual(['lo', 'wda', 'wdb']);
  expect(await shown({ exclude: 'wd.|l' })).toEqual(['lo']);
  expect(await shown({ include: 'wda|xx' })).toEqual(['wda']);
  await expect(shown({ include: 'a', exclude: 'b' })).rejects.toMatchObject({ code: 'VALUE' });
  await expect(shown({ include: '(' })).rejects.toMatchObject({ code: 'VALUE' });
});

test('a new device, a changed one and a vanished one are seen by the next scrape', async () => {
  await using own = await node('wd-change');
  await using scraper = await namespaceScraper([['', await own.io()]]);
  const mtu = async () => {
    const samples =
      parseExposition(await scraper.scrape())
        .get('node_network_mtu_bytes')
        ?.samples.values() ?? [];
    return Object.fromEntries([...samples].map(({ labels, value }) => [labels['device'], value]));
  };
  expect(await mtu()).toMatchObject({ wda: 1500 });
  own.ip('link', 'set', 'wda', 'mtu', '1300');
  own.ip('link', 'add', 'wdnew', 'type', 'bridge');
  await expect.poll(mtu).toMatchObject({ wda: 1300, wdnew: 1500 });
  own.ip('link', 'delete', 'wdnew');
  await expect.poll(mtu).not.toHaveProperty('wdnew');
});
