// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { stateOf } from '../../test/helpers/plan-cases.ts';
import { desiredObjects } from '../plan/desired.ts';
import { exportDocuments } from '../plan/export.ts';
import { makePlan } from '../plan/make-plan.ts';
import { parseDocuments } from './parse.ts';
import { renderDocuments } from './render.ts';
import { validateDocuments } from './validate.ts';

vi.mock('../kinds/classes.ts', () => import('../../test/helpers/plan-classes.ts'));

const head = (name: string, kind = 'Network') =>
  `apiVersion: weir.dev/v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;

/** Mistakes in one file as `line:column path: problem`. */
function mistakes(text: string): readonly string[] {
  const { documents, problems } = parseDocuments([{ name: 'a.yaml', text }]);
  const all = problems.length > 0 ? problems : desiredObjects(documents).problems;
  return all.map(({ line, column, path, problem }) => `${line}:${column} ${path}: ${problem}`);
}

describe('documents', () => {
  it('come several in a file, from YAML, JSON, lists and the body of a request', () => {
    const yaml = `${head('a')}spec: {}\n---\n---\n# nothing\n---\n${head('b', 'Tuning')}spec: { sysctls: { net.x: 1 } }\n`;
    const value = { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name: 'c' }, spec: {} };
    const files = [
      { name: 'a.yaml', text: yaml },
      { name: 'c.json', text: JSON.stringify(value) },
      { name: 'd.json', text: JSON.stringify([{ ...value, metadata: { name: 'd' } }]) },
      { name: 'e.yaml', text: `documents:\n- ${JSON.stringify({ ...value, metadata: { name: 'e' } })}\n` },
    ];
    const { documents, problems } = parseDocuments(files);
    expect(problems).toEqual([]);
    expect(documents.map(({ name, file }) => `${file} ${name}`)).toEqual([
      'a.yaml Network/a',
      'a.yaml Tuning/b',
      'c.json Network/c',
      'd.json Network/d',
      'e.yaml Network/e',
    ]);
  });

  it('are refused with every mistake and its place', () => {
    const text = `${head('a')}spec:
  address: []
---
${head('b')}spec:
  links:
    - { name: br0, kind: bridg }
    - name: br1
      bridge:
        foward_delay: 4
  routes:
    - { dst: 10.0.0.0/8, metric: big }
`;
    expect(mistakes(text)).toEqual([
      '5:3 spec: unknown property "address", did you mean "addresses"?',
      '12:20 spec.links.0.kind: must be one of bridge, vlan, veth, did you mean "bridge"?',
      '15:9 spec.links.1.bridge: unknown property "foward_delay", did you mean "forward_delay"?',
      '17:26 spec.routes.0.metric: must be an integer from 1 to 1000000, not "big"',
    ]);
  });

  it('name the place of a sysctl, whose name has dots', () => {
    const text = `${head('a', 'Tuning')}spec:\n  sysctls:\n    net.ipv4.ip_forward: x\n`;
    expect(mistakes(text)).toEqual(['6:5 spec.sysctls.net.ipv4.ip_forward: must be an integer, not "x"']);
  });

  it.each([
    ['an unknown kind', 'kind: Netwrk', ', did you mean "Network"?'],
    ['no mapping', '- 7', '1:3 : a document is a mapping with apiVersion, kind, metadata and spec'],
    ['another version', 'apiVersion: v2\nkind: Network', '1:1 apiVersion: must be weir.dev/v1'],
    ['a name in capitals', `${head('Up')}spec: {}`, '3:13 metadata.name: '],
    ['a key given twice', 'kind: Network\nkind: Tuning', '2:1 : "kind" is there twice'],
    ['a tag that is no type of YAML 1.2', 'spec: !!set { a }', '1:7 : Unresolved tag: tag:yaml.org,2002:set'],
    ['a tag', 'kind: !!js/function x', '1:7 : Unresolved tag: tag:yaml.org,2002:js/function'],
    ['a text that breaks off', '[1,', '1:4 : Flow sequence must end with a ]'],
    [
      'a prototype',
      `${head('a')}spec: { __proto__: { adopt: true } }`,
      '4:9 spec: unknown property "__proto__"',
    ],
  ])('refuse %s', (_, text, problem) => {
    expect(mistakes(text)[0]).toContain(problem);
  });

  it('do not grow by aliases, nor break by depth', () => {
    const laughs = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`);
    expect(mistakes(`a0: &a0 x\n${laughs.join('\n')}\n`)[0]).toContain('Excessive alias count');
    for (const text of ['['.repeat(50_000), '{"a":'.repeat(50_000), '- '.repeat(50_000)])
      expect(mistakes(text)).not.toEqual([]);
  });

  it('with tens of thousands of keys in one mapping are read once, not once for each other key', () => {
    const labels = Array.from({ length: 30_000 }, (_, i) => `k${i}: v`).join(', ');
    const text = `${head('a')}spec: { ${labels}, k7: w }`;
    expect(mistakes(text)).toEqual([expect.stringContaining('"k7" is there twice')]);
  });

  it('name both places of what is declared twice, and every circle', () => {
    const item = 'addresses: [{ dev: eth0, address: 192.0.2.1/24 }]';
    const text = `${head('a')}spec: { ${item} }\n---\n${head('b')}spec: { ${item} }\n`;
    expect(mistakes(text)).toEqual([
      expect.stringContaining(
        '9:21 spec.addresses.0: address 192.0.2.1/24 dev eth0 is declared already at a.yaml:4 (Network/a spec.addresses.0)',
      ),
    ]);
    const circle = `${head('a')}spec:\n  links:\n  - { name: a, kind: vlan, link: b }\n  - { name: b, kind: vlan, link: a }\n`;
    expect(mistakes(circle)).toEqual([
      '6:5 spec.links.0: needs itself: link a -> link b -> link a; take one of these links out',
    ]);
  });

  it('have names of their own', () => {
    expect(mistakes(`${head('a')}spec: {}\n---\n${head('a')}spec: {}\n`)).toEqual([
      '8:13 metadata.name: there is another Network/a in a.yaml: give each a name of its own',
    ]);
  });

  it('are told at most a hundred mistakes', () => {
    const value = { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name: 'a' } };
    const spec = { routes: Array.from({ length: 1000 }, () => ({ dst: 7 })) };
    expect(validateDocuments([{ ...value, spec }]).problems).toHaveLength(100);
  });

  it('exported from a node plan to nothing, and read back from their text', () => {
    const state = stateOf(
      ['link', { name: 'eth0', state: 'up', mtu: 1500 }],
      ['link', { name: 'br0', kind: 'bridge', bridge: { max_age: 20 } }],
      ['route', { dst: '10.0.0.0/8', dev: 'br0', protocol: 'static' }],
      ['sysctl', { name: 'net.ipv4.ip_forward', value: 1 }],
    );
    const text = renderDocuments(exportDocuments(state.values()));
    expect(text).toMatchInlineSnapshot(`
      "apiVersion: weir.dev/v1
      kind: Network
      metadata:
        name: node
      spec:
        adopt: true
        links:
          - name: br0
            kind: bridge
            bridge:
              max_age: 20
          - { name: eth0, state: up, mtu: 1500 }
        routes:
          - { dst: 10.0.0.0/8, dev: br0, protocol: static }
      ---
      apiVersion: weir.dev/v1
      kind: Tuning
      metadata:
        name: node
      spec:
        adopt: true
        sysctls:
          net.ipv4.ip_forward: 1
      "
    `);
    const { documents, problems } = parseDocuments([{ name: 'state.yaml', text }]);
    expect(problems).toEqual([]);
    const { objects: desired } = desiredObjects(documents);
    const plan = makePlan({
      desired,
      owned: new Map(),
      observed: state,
      unsupported: new Set(),
      callers: [],
    });
    expect([plan.actions, plan.diagnostics]).toEqual([[], []]);
  });
});
