// SPDX-License-Identifier: Apache-2.0
import { present } from '../fields.ts';
import { linkKind, portKind } from './kind.ts';
import { type DeclaredKind, fixed, number } from './setting.ts';

/** A virtual routing domain (drivers/net/vrf.c vrf_fillinfo()). */
export const vrf = linkKind('vrf', (d) => present({ table: d.table }));

/** A device inside a VRF. */
export const vrfPort = portKind('vrf', (d) => present({ table: d.table }));

/** How a VRF is declared. */
export const declaredVrf: DeclaredKind = {
  kind: 'vrf',
  config: 'CONFIG_NET_VRF',
  required: ['table'],
  settings: { table: fixed(number('table', 'Its routing table', 1, 0xffff_ffff)) },
};
