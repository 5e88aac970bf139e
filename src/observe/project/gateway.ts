// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Fields } from '../../kinds/fields.ts';
import { familyName } from '../../model/names/families.ts';

/** Where a hop sends packets: `gateway` in its own address family, `via` in another one (struct rtvia). */
export function renderGateway(gateway: Uint8Array | undefined, via: Uint8Array | undefined): Fields {
  if (gateway !== undefined) return { gateway: renderIp(gateway) };
  if (via === undefined || via.length < 2) return {};
  const family = (via[0] as number) | ((via[1] as number) << 8);
  return { via: { family: familyName(family), host: renderIp(via.subarray(2)) } };
}
