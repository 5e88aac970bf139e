// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsJsonSchema } from './json-schema.ts';
import { loadSettings } from './load.ts';
import { LEAVES, variableOf } from './paths.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'we-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(content: string): string {
  const path = join(directory, 'weir.yaml');
  writeFileSync(path, content);
  return path;
}

describe('loadSettings', () => {
  it('fills what a file leaves out, at every depth', async () => {
    const { settings } = await loadSettings({ config: file('http:\n  limits:\n    connections: 9\n') }, {});
    expect(settings.socket).toBe('/run/weir/weir.sock');
    expect(settings.listen).toBe('127.0.0.1:9820');
    expect(settings.http.limits).toMatchObject({ connections: 9, bodyBytes: 1_048_576 });
    expect(settings.namespaces).toEqual({ watch: [], discover: true, processes: false });
  });

  it('lets a variable win over the file, and a flag over both', async () => {
    const config = file('listen: 127.0.0.1:1\nsocket: /a\nlog: {level: warn}\n');
    const env = { WEIR_LISTEN: '127.0.0.1:2', WEIR_SOCKET: '/b', WEIR_LOG_LEVEL: '' };
    const { settings } = await loadSettings({ config, listen: '127.0.0.1:3' }, env);
    expect([settings.listen, settings.socket, settings.log.level]).toEqual(['127.0.0.1:3', '/b', 'warn']);
  });

  it('reads numbers, truth values and lists from text', async () => {
    const set = [
      'http.limits.connections=7',
      'namespaces.watch=a, b',
      'metrics.budgets={node_arp_entries: 5}',
    ];
    const { settings } = await loadSettings({ set }, { WEIR_NAMESPACES_DISCOVER: 'false' });
    expect(settings.http.limits.connections).toBe(7);
    expect(settings.namespaces).toMatchObject({ watch: ['a', 'b'], discover: false });
    expect(settings.metrics.budgets).toEqual({ node_arp_entries: 5 });
    const more = [...set, 'metrics.budgets.weir_x=9', 'telemetry.peerGroups.eu.west=10.0.0.0/8, 10.1.0.0/16'];
    const { metrics, telemetry } = (await loadSettings({ set: more }, {})).settings;
    expect(metrics.budgets).toEqual({ node_arp_entries: 5, weir_x: 9 });
    expect(telemetry.peerGroups).toEqual({ 'eu.west': ['10.0.0.0/8', '10.1.0.0/16'] });
    await expect(loadSettings({ set: ['metrics.budgets.weir_x=many'] }, {})).rejects.toThrow(
      /--set metrics.budgets.weir_x=many: metrics.budgets.weir_x: must be an integer/,
    );
  });

  it('takes from variables what is valid only together', async () => {
    const env = { WEIR_HTTP_TLS_CERTIFICATE: '/c', WEIR_HTTP_TLS_KEY: '/k' };
    const { settings } = await loadSettings({}, env);
    expect(settings.http.tls).toEqual({ certificate: '/c', key: '/k', clients: [] });
    await expect(loadSettings({}, { WEIR_HTTP_TLS_KEY: '/k' })).rejects.toThrow(
      'WEIR_HTTP_TLS_KEY: http.tls: "certificate" is missing',
    );
    const clients = { ...env, WEIR_HTTP_TLS_CLIENTS: '[{match: x, role: read}]' };
    await expect(loadSettings({}, clients)).rejects.toThrow(
      /WEIR_HTTP_TLS_CLIENTS: http.tls.clients.0.match: must be text \(Name in the certificate: CN=name/,
    );
  });

  const wrong: [name: string, content: string, message: RegExp][] = [
    [
      'an unknown key',
      'sokcet: /x',
      /weir.yaml: document: unknown property "sokcet", did you mean "socket"\?/,
    ],
    [
      'an unknown key below',
      'http: {limits: {conections: 1}}',
      /http.limits: .*did you mean "connections"\?/,
    ],
    [
      'a wrong type',
      'http: {limits: {connections: many}}',
      /http.limits.connections: must be an integer from 1 to 65536, not "many"/,
    ],
    [
      'a value out of bounds',
      'http: {limits: {connections: 0}}',
      /http.limits.connections: must be an integer from 1 to 65536, not 0/,
    ],
    ['an unknown choice', 'log: {level: loud}', /log.level: must be one of trace, debug/],
    ['an address that is none', 'listen: 9820', /listen: must be text, not 9820/],
    [
      'a pattern that is none',
      'metrics: {deviceInclude: "("}',
      /metrics.deviceInclude: must be text of the form regex/,
    ],
    ['a key that stands twice', 'socket: /a\nsocket: /b', /line 2, column 1: .*unique/i],
    ['text that is no YAML', 'a: [', /line 1, column \d+/],
    ['an alias without its anchor', 'socket: *nothing', /weir.yaml: document: Unresolved alias/],
    [
      'aliases that multiply',
      `a: &a [${'1,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]`,
      /weir.yaml: document: Excessive alias count/,
    ],
    ['a list', '- a', /document: must be a mapping/],
    ['half of TLS', 'http: {tls: {key: /k}}', /http.tls: "certificate" is missing/],
    [
      'a role that is none',
      'http: {tls: {certificate: a, key: b, clients: [{match: CN=x, role: root}]}}',
      /role/,
    ],
  ];
  it.each(wrong)('refuses %s, naming file and key', async (_name, content, message) => {
    await expect(loadSettings({ config: file(content) }, {})).rejects.toThrow(message);
    await expect(loadSettings({ config: file(content) }, {})).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('names the variable or flag that is wrong', async () => {
    await expect(loadSettings({}, { WEIR_LISTEN: 'x' })).rejects.toThrow(
      'WEIR_LISTEN: listen: must be text (',
    );
    await expect(loadSettings({ logLevel: 'loud' }, {})).rejects.toThrow(
      '--log-level: log.level: must be one of',
    );
    await expect(loadSettings({ set: ['log.levl=x'] }, {})).rejects.toThrow('did you mean "log.level"?');
    await expect(loadSettings({ set: ['log'] }, {})).rejects.toThrow('write it as key=value');
    await expect(loadSettings({ config: '/nonexistent/weir.yaml' }, {})).rejects.toThrow(/ENOENT/);
  });

  it('points out variables that are no settings', async () => {
    const { warnings } = await loadSettings({}, { WEIR_SOKET: '/x', WEIR_CONFIG: '' });
    expect(warnings).toEqual(['the variable WEIR_SOKET is no setting, did you mean "WEIR_SOCKET"?']);
  });
});

describe('published files', () => {
  const root = new URL('../../../', import.meta.url);

  it('the JSON Schema is current', () => {
    const published = readFileSync(new URL('packaging/weir.schema.json', root), 'utf8');
    expect(JSON.parse(published)).toEqual(settingsJsonSchema());
  });

  it('the example shows every key with its default', async () => {
    const example = readFileSync(new URL('examples/weir.yaml', root), 'utf8');
    const defaults = (await loadSettings({ config: file('') }, {})).settings;
    expect((await loadSettings({ config: file(example) }, {})).settings).toEqual(defaults);
    // With the comments before keys taken away it has everything.
    const full = example.replace(/^( *)# ((?: {2})*(?:- )?[a-zA-Z]+:(?: [/\w(.].*)?)$/gm, '$1$2');
    const { settings } = await loadSettings({ config: file(full) }, {});
    const at = (path: string) =>
      path.split('.').reduce<unknown>((node, key) => (node as never)?.[key], settings);
    expect([...LEAVES.keys()].filter((path) => at(path) === undefined)).toEqual([]);
    for (const path of LEAVES.keys()) expect(example).toContain(variableOf(path));
  });
});
