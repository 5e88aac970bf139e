// SPDX-License-Identifier: Apache-2.0
import { address, addressSpec } from '../../kinds/address/address.ts';
import type { Address } from '../../model/address.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** Addresses, from the dump that the devices came with. */
export const addressReader: ClassReader = {
  class: 'address',
  async read({ links }, want, found) {
    for (const seen of links.addresses()) {
      if (want.all && !isConfigured(seen)) continue;
      const spec = addressSpec(seen);
      const wanted = want.keys.has(address.key(spec)) || !isOfKernel(seen);
      if (wanted && isWanted(want, address.key(spec), seen.ifname)) found(spec);
    }
  },
};

/** The kernel makes it again when its device is there again. Before 5.18 it does not tell so. */
function isOfKernel({ protocol, temporary, family, scope, local }: Address): boolean {
  if (protocol?.startsWith('kernel_') === true || temporary === true) return true;
  return family === 'inet6' && scope === 'link' && /ff:fe..:[^:]*$/.test(local);
}

/** The kernel makes the others itself: link-local, loopback, from router advertisements, with a lifetime. */
function isConfigured({ protocol, dynamic, local, ifname, scope, family }: Address): boolean {
  if (dynamic === true || protocol?.startsWith('kernel_') === true) return false;
  if (family === 'inet6' && scope === 'link') return false;
  return ifname !== 'lo' || (local !== '127.0.0.1' && local !== '::1');
}
