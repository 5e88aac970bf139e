// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { EDGE_SITE } from './topology.ts';

const nodes = new Map(EDGE_SITE.nodes.map((node) => [node.name, node]));
const ends = EDGE_SITE.cables.flat();

test('every cable ends at a node, and no device is used twice', () => {
  for (const end of ends) expect(nodes.has(end.node)).toBe(true);
  expect(new Set(ends.map((end) => `${end.node}:${end.ifname}`)).size).toBe(ends.length);
});

test('every address, port and route belongs to a device that exists', () => {
  for (const { name, bridge, addresses } of EDGE_SITE.nodes) {
    const devices = ends.filter((end) => end.node === name).map((end) => end.ifname);
    for (const port of bridge?.ports ?? []) expect(devices).toContain(port);
    const all = [...devices, 'lo', ...(bridge ? [bridge.ifname] : [])];
    for (const ifname of Object.keys(addresses)) expect(all).toContain(ifname);
  }
});

test('addresses are of the ranges for documentation and of private ones', () => {
  const allowed = /^(192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|10\.|2001:db8:)/;
  for (const { addresses, routes } of EDGE_SITE.nodes)
    for (const address of [...Object.values(addresses).flat(), ...routes.map((route) => route.via)])
      expect(address).toMatch(allowed);
});

test('the picture shows every node, device and address', () => {
  for (const { name, addresses } of EDGE_SITE.nodes)
    for (const word of [name, ...Object.keys(addresses), ...Object.values(addresses).flat()])
      expect(EDGE_SITE.picture).toContain(word);
});
