// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { documentOf } from '../../test/helpers/plan-cases.ts';
import type { Document } from './document.ts';
import { type DeviceIdentity, matchedNamespaces, resolveMatches } from './match.ts';

const devices = new Map<string, readonly DeviceIdentity[]>([
  [
    '',
    [
      { name: 'lo' },
      { name: 'enp1s0', address: '02:00:00:00:00:01', driver: 'virtio_net', path: 'virtio0' },
      { name: 'enp2s0', permaddr: '02:00:00:00:00:02', driver: 'virtio_net', path: 'virtio1' },
    ],
  ],
]);

const linkWith = (match: object, more: object = {}) =>
  documentOf({ links: [{ name: 'wan', match, ...more }] });

function nameFound(match: object, more: object = {}): unknown {
  const { documents, problems } = resolveMatches([linkWith(match, more)], devices);
  const [document] = documents as [Document];
  const [link] = document.value.spec['links'] as [{ name: string }];
  return problems[0]?.problem ?? link.name;
}

describe('a device is found', () => {
  it.each([
    [{ mac: '02:00:00:00:00:01' }, 'enp1s0'],
    [{ mac: '02:00:00:00:00:02' }, 'enp2s0'],
    [{ path: 'virtio1', driver: 'virtio_net' }, 'enp2s0'],
    [{ name: 'enp1*' }, 'enp1s0'],
    [{ name: 'enp' }, 'fits no device; there are lo, enp1s0, enp2s0'],
    [{ driver: 'virtio_net' }, 'fits enp1s0, enp2s0: say more, so that only one is left'],
  ])('by %j: %s', (match, expected) => {
    expect(nameFound(match)).toBe(expected);
  });

  it('and not made', () => {
    expect(nameFound({ mac: '02:00:00:00:00:01' }, { kind: 'bridge' })).toContain('leave one of the two out');
  });
});

it('its name stands wherever documents of the namespace speak of it', () => {
  const other = documentOf(
    { addresses: [{ dev: 'wan', address: '192.0.2.1/24', label: 'wan' }] },
    'Network',
    'b',
  );
  const elsewhere = documentOf({ netns: 'blue', addresses: [{ dev: 'wan', address: '192.0.2.1/24' }] });
  const given = [linkWith({ path: 'virtio0' }, { mtu: 1400 }), other, elsewhere];
  expect([...matchedNamespaces(given)]).toEqual(['']);
  const { documents } = resolveMatches(given, devices);
  expect(documents.map(({ value }) => value.spec)).toEqual([
    { links: [{ name: 'enp1s0', mtu: 1400 }] },
    { addresses: [{ dev: 'enp1s0', address: '192.0.2.1/24', label: 'wan' }] },
    elsewhere.value.spec,
  ]);
});
