// SPDX-License-Identifier: Apache-2.0
import { hex } from '../../base/bytes.ts';
import type { IflaBridgeId } from '../../codec/generated/rt-link.ts';

/** `8000.2:0:0:0:0:b1`: priority and address in hex; like `ip`, which pads no byte of the address. */
export function renderBridgeId(id: IflaBridgeId): string {
  return `${hex(id.prio)}.${Array.from(id.addr, (byte) => byte.toString(16)).join(':')}`;
}
