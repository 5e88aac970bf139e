// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import {
  decodeIfinfomsg,
  decodeLinkAttrs,
  IFINFOMSG_SIZE,
  LINK_ATTRS,
} from '../../codec/generated/rt-link.ts';
import { pickOf } from '../../codec/table.ts';

const PICK = pickOf(LINK_ATTRS, ['ifname']);

/** Index and name of a link, all that other objects need of it. @throws {WeirError} `DECODE`. */
export function linkNameIn(wire: Wire, start: number, end: number): readonly [ifindex: number, name: string] {
  const { ifiIndex } = decodeIfinfomsg(wire, start, Math.min(end, start + IFINFOMSG_SIZE));
  const { ifname } = decodeLinkAttrs(wire, start + IFINFOMSG_SIZE, end, PICK);
  return [ifiIndex, ifname ?? `if${ifiIndex}`];
}
