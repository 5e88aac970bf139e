// SPDX-License-Identifier: Apache-2.0
import type { Address } from '../../model/address.ts';
import { renderDuration } from '../output/units.ts';
import { showObject } from './object.ts';

/** INFINITY_LIFE_TIME (include/net/addrconf.h). */
const FOREVER = 0xffff_ffff;

/** Addresses of devices. */
export const ADDRESSES = showObject<Address>({
  name: 'addresses',
  summary: 'IPv4 and IPv6 addresses',
  filters: ['dev', 'family'],
  columns: [
    { title: 'DEVICE', value: (address) => address.ifname, tone: () => 'strong' },
    { title: 'ADDRESS', value: (address) => `${address.local}/${address.prefixlen}` },
    { title: 'PEER', value: (address) => address.address },
    { title: 'SCOPE', value: (address) => address.scope },
    { title: 'VALID', value: (address) => lifetime(address.valid_life_time) },
    { title: 'FLAGS', value: flags },
  ],
});

function lifetime(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  return seconds === FOREVER ? 'forever' : renderDuration(seconds);
}

function flags(address: Address): string {
  return Object.entries(address)
    .filter(([, value]) => value === true)
    .map(([name]) => name)
    .join(',');
}
