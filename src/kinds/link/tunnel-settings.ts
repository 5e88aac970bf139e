// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import type { Attributes, Setting } from './setting.ts';

/** An end of a tunnel over IPv4 (4 bytes) or IPv6 (16). */
export function tunnelAddress(name: string, bytes: 4 | 16, description: string): Setting {
  return {
    schema: Type.String({ description }),
    canonical(text: string) {
      const address = parseIp(text);
      if (address.length === bytes) return renderIp(address);
      const problem = `is not ${bytes === 4 ? 'IPv4' : 'IPv6'}, which this kind runs over`;
      throw new WeirError('VALUE', { what: `address "${text}"`, problem });
    },
    attributes: (text: string) => ({ [name]: parseIp(text) }),
  };
}

/** IPV6_DEFAULT_TNL_ENCAP_LIMIT (include/net/ip6_tunnel.h). */
const DEFAULT_ENCAP_LIMIT = 4;

/** A new tunnel without a limit would have the limit 0, with which the next tunnel drops its packets. */
export function defaultEncapLimit(all: Spec, before: Spec | undefined): Attributes {
  const silent = before === undefined && all['encap_limit'] === undefined;
  return silent ? { encapLimit: DEFAULT_ENCAP_LIMIT } : {};
}
