// SPDX-License-Identifier: Apache-2.0
import { hex } from '../../base/bytes.ts';
import type { IflaBridgeId } from '../../codec/generated/rt-link.ts';

/** `8000.aa:c2:14:13:a1:93`: priority in hex and address. */
export function renderBridgeId(id: IflaBridgeId): string {
  return `${hex(id.prio)}.${hex(id.addr, ':')}`;
}
