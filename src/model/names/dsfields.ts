// SPDX-License-Identifier: Apache-2.0
import type { NameTable } from './name-table.ts';

/** Differentiated-services values with a name (RFC 2474, 2597, 3246). */
export const DSFIELDS: NameTable = {
  0: 'default',
  32: 'CS1',
  40: 'AF11',
  48: 'AF12',
  56: 'AF13',
  64: 'CS2',
  72: 'AF21',
  80: 'AF22',
  88: 'AF23',
  96: 'CS3',
  104: 'AF31',
  112: 'AF32',
  120: 'AF33',
  128: 'CS4',
  136: 'AF41',
  144: 'AF42',
  152: 'AF43',
  160: 'CS5',
  184: 'EF',
  192: 'CS6',
  224: 'CS7',
};

/** Name of a TOS or traffic-class byte, else two hex digits: `0x10`. */
export function dsfieldName(tos: number): string {
  return DSFIELDS[tos] ?? `0x${tos.toString(16).padStart(2, '0')}`;
}
