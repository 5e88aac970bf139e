// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** IFAPROT_*: who made an address (include/uapi/linux/if_addr.h). */
export const ADDRESS_PROTOS: NameTable = { 0: 'unspec', 1: 'kernel_lo', 2: 'kernel_ra', 3: 'kernel_ll' };

/** Name of an address protocol, digits when unknown. */
export function addressProtoName(protocol: number): string {
  return nameOf(ADDRESS_PROTOS, protocol);
}
