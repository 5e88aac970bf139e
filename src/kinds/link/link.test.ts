// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { decodeLinkAttrs, encodeLinkAttrs } from '../../codec/generated/rt-link.ts';
import { LINK_KINDS, PORT_KINDS, renderLinkData, renderPortData, VERIFIED_LINK_KINDS } from './index.ts';
import { DeviceName, type LinkData, type PortData } from './kind.ts';

/** Through the wire, as the kernel would send it. */
function rendered(data: LinkData) {
  const payload = payloadOf((out) => encodeLinkAttrs(out, { linkinfo: { kind: data.kind, data } }));
  const { linkinfo } = decodeLinkAttrs(wireOf(payload), 0, payload.length);
  return renderLinkData(data.kind, linkinfo?.data as LinkData);
}

test('no kind trips over absent settings', () => {
  for (const { kind, render } of LINK_KINDS) expect(() => render({ kind } as LinkData)).not.toThrow();
  for (const { kind, render } of PORT_KINDS) expect(() => render({ kind } as PortData)).not.toThrow();
});

test('every verified kind is registered, once', () => {
  const kinds = LINK_KINDS.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  for (const kind of VERIFIED_LINK_KINDS) expect(kinds).toContain(kind);
});

test('a kind without a file keeps the names of the codec', () => {
  expect(rendered({ kind: 'vti6', local: new Uint8Array(16), ikey: 4 })).toEqual({ local: '::', ikey: 4 });
});

test('vlan', () => {
  expect(
    rendered({ kind: 'vlan', id: 100, protocol: 0x88a8, flag: { flags: 3, mask: 0xffff_ffff } }),
  ).toEqual({
    protocol: '802.1ad',
    id: 100,
    flags: ['REORDER_HDR', 'GVRP'],
  });
});

test('bond', () => {
  const shown = rendered({
    kind: 'bond',
    mode: 4,
    activeSlave: 7,
    xmitHashPolicy: 1,
    arpValidate: 0,
    adSelect: 1,
  });
  expect(shown).toEqual({
    mode: '802.3ad',
    active_slave: new DeviceName(7),
    arp_validate: null,
    xmit_hash_policy: 'layer3+4',
    ad_select: 'bandwidth',
  });
});

test('a port of a bond names its states', () => {
  const shown = renderPortData('bond', { kind: 'bond', state: 1, miiStatus: 0, adActorOperPortState: 0x3d });
  expect(shown).toMatchObject({
    state: 'BACKUP',
    mii_status: 'UP',
    ad_actor_oper_port_state_str: ['active', 'aggregating', 'in_sync', 'collecting', 'distributing'],
  });
});

test('vrf', () => {
  expect(rendered({ kind: 'vrf', table: 10 })).toEqual({ table: 10 });
});
