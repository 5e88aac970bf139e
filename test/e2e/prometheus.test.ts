// SPDX-License-Identifier: Apache-2.0
// A real Prometheus server scrapes Weir and answers queries about what it found.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { debianFile } from '../helpers/debian.ts';
import { namespaceClient, namespaceProcess } from '../helpers/namespace-client.ts';
import { netns } from '../helpers/netns.ts';

const WEIR = '127.0.0.1:9820';
const PROMETHEUS = '127.0.0.1:9090';

const CONFIG = `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: weir
    static_configs: [{ targets: ['${WEIR}'] }]
`;

interface Answer {
  readonly status: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

test('Prometheus scrapes Weir and answers a query', { timeout: 90_000 }, async () => {
  await using ns = await netns('wd-prom');
  ns.ip('link', 'add', 'wda', 'type', 'veth', 'peer', 'name', 'wdb');
  ns.ip('link', 'set', 'wda', 'mtu', '1444', 'up');
  ns.ip('link', 'set', 'wda', 'alias', 'up "link" \\ one');
  const folder = mkdtempSync(join(tmpdir(), 'wd-prom-'));
  writeFileSync(join(folder, 'prometheus.yml'), CONFIG);
  const agent = fileURLToPath(new URL('../../src/agent/main.ts', import.meta.url));
  await using _weir = namespaceProcess(ns.name, process.execPath, [
    ...[agent, 'agent', '--listen', WEIR, '--log-level', 'error'],
    ...['--socket', join(folder, 'socket'), '--state-dir', folder, '--set', 'namespaces.discover=false'],
  ]);
  await using _prometheus = namespaceProcess(ns.name, debianFile('prometheus', 'usr/bin/prometheus'), [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${PROMETHEUS}`,
    '--log.level=error',
  ]);
  await using client = await namespaceClient(ns.name);
  await client.get(`http://${PROMETHEUS}/-/ready`);
  const query = async (expression: string) => {
    const url = `http://${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(expression)}`;
    return (JSON.parse(await client.get(url)) as Answer).data?.result ?? [];
  };
  const value = async (expression: string) => (await query(expression))[0]?.value[1];
  const patient = { timeout: 30_000, interval: 500 };

  await expect.poll(() => value('up{job="weir"}'), patient).toBe('1');
  await expect.poll(() => value('node_network_mtu_bytes{device="wda"}'), patient).toBe('1444');
  expect(await value('count(node_network_up)')).toBe('3');
  expect((await query('node_network_info{device="wda"}'))[0]?.metric['ifalias']).toBe('up "link" \\ one');
  // traffic of the scrapes themselves, and the two queries that the node mixin's alerts rest on
  await expect
    .poll(() => value('rate(node_network_receive_bytes_total{device="lo"}[10s]) > bool 0'), patient)
    .toBe('1');
  expect(await value('node_nf_conntrack_entries / node_nf_conntrack_entries_limit <= bool 1')).toBe('1');
  expect(await value('count(node_scrape_collector_success{collector="netdev"} == 1)')).toBe('1');
  expect(await value('process_resident_memory_bytes{job="weir"} > bool 0')).toBe('1');
  const stored = Number(await value('scrape_samples_scraped{job="weir"}'));
  expect(stored).toBeGreaterThan(250);
  expect(await value('scrape_samples_post_metric_relabeling{job="weir"}')).toBe(String(stored));
  rmSync(folder, { recursive: true, force: true });
});
