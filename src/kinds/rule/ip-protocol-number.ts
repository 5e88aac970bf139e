// SPDX-License-Identifier: Apache-2.0
import { IP_PROTOCOLS } from '../../model/names/ip-protocols.ts';

const NUMBERS = new Map(Object.entries(IP_PROTOCOLS).map(([number, name]) => [name, Number(number)]));

/** Number of an IP protocol by name or number; undefined for an unknown name. */
export function ipProtocolNumber(name: string | number): number | undefined {
  if (typeof name === 'number') return name;
  const number = NUMBERS.get(name) ?? Number(name.replace(/^ipproto-/, ''));
  return Number.isInteger(number) && number > 0 && number < 256 ? number : undefined;
}
