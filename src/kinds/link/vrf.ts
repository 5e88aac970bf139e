// SPDX-License-Identifier: Apache-2.0
import { present } from '../fields.ts';
import { linkKind, portKind } from './kind.ts';

/** A virtual routing domain (drivers/net/vrf.c vrf_fillinfo()). */
export const vrf = linkKind('vrf', (d) => present({ table: d.table }));

/** A device inside a VRF. */
export const vrfPort = portKind('vrf', (d) => present({ table: d.table }));
