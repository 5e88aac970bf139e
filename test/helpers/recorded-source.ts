// SPDX-License-Identifier: Apache-2.0
import { bytesOf, textOf } from '../../src/base/bytes.ts';
import { WeirError } from '../../src/base/errors.ts';
import type { Collector, LinkRow, Source } from '../../src/metrics/collector.ts';
import { ExpositionSet } from '../../src/metrics/exposition-set.ts';
import { labelBytes } from '../../src/metrics/labels.ts';
import type { Link, LinkRaw } from '../../src/model/link.ts';
import { type ParsedFamily, parseExposition } from './exposition-text.ts';

/** A source of recorded bytes: files by path, `proc/...` and `sys/...`. What is not given is not available. */
export function recordedSource(files: Readonly<Record<string, string>>, given: Partial<Source> = {}): Source {
  const read = async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new WeirError('NO_DATA', { what: path });
    return bytesOf(text);
  };
  const missing = async (): Promise<never> => {
    throw new WeirError('NO_DATA', { what: 'this source' });
  };
  return {
    netns: '',
    proc: (path) => read(`proc/${path}`),
    sys: (path) => read(`sys/${path}`),
    links: () => [],
    vanished: () => {},
    linkStats: missing,
    qdiscs: missing,
    neighbourCounts: missing,
    routes: missing,
    tcpStates: missing,
    conntrack: missing,
    ethtool: missing,
    queues: missing,
    packets: missing,
    queueing: missing,
    churn: missing,
    tcp: missing,
    runDelays: missing,
    drops: missing,
    ...given,
  };
}

/** Run one collector and read back what it wrote. */
export async function collected(collector: Collector, source: Source): Promise<Map<string, ParsedFamily>> {
  return parseExposition(await collectedText(collector, source));
}

/** Run one collector and return its text. */
export async function collectedText(collector: Collector, source: Source): Promise<string> {
  const set = new ExpositionSet();
  const breathe = async () => {};
  await collector.collect(source, set.bind(source.netns, breathe));
  return textOf(await set.render(breathe));
}

/** Value of the only sample of `family` that carries `labels`. */
export function sampleOf(
  families: Map<string, ParsedFamily>,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = [...(families.get(family)?.samples.values() ?? [])].filter((sample) =>
    Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  );
  if (samples.length > 1) throw new Error(`${samples.length} samples of ${family} match`);
  return samples[0]?.value;
}

/** A device for tests. */
export function linkRow(
  ifindex: number,
  ifname: string,
  more: Partial<Omit<Link, 'raw'>> & { readonly raw?: Partial<LinkRaw> } = {},
  netns = '',
): LinkRow {
  const raw = { flags: 0x11043, type: 1, operstate: 6, linkmode: 0, group: 0, link: ifindex, ...more.raw };
  const link: Link = {
    ifindex,
    ifname,
    flags: [],
    mtu: 1500,
    qdisc: 'noqueue',
    operstate: 'UP',
    linkmode: 'DEFAULT',
    group: 'default',
    link_type: 'ether',
    ...more,
    raw,
  };
  return { link, labels: labelBytes(netns, ['device'], [ifname]) };
}
