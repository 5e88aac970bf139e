// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { GENLMSGHDR_SIZE } from '../../codec/generated/netlink.ts';
import {
  decodeWgdeviceAttrs,
  encodeWgdeviceAttrs,
  WG_CMD_GET_DEVICE,
  WGDEVICE_ATTRS,
  type WgdeviceAttrs,
} from '../../codec/generated/wireguard.ts';
import { pickOf } from '../../codec/table.ts';
import { NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { wireguardSpec } from '../../kinds/wireguard/observed.ts';
import { genericFamily, genericPayload } from '../metrics-generic-family.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** All but the private key. */
const PICK = pickOf(WGDEVICE_ATTRS, [
  'wgdeviceAPublicKey',
  'wgdeviceAListenPort',
  'wgdeviceAFwmark',
  'wgdeviceAPeers',
]);

/** WireGuard devices, one dump for each. Without such a device nobody asks for the family. */
export const wireguardReader: ClassReader = {
  class: 'wireguard',
  async read({ io, links }, want, found) {
    const devices = links.rows().filter(({ link }) => link.linkinfo?.info_kind === 'wireguard');
    for (const { link } of devices)
      if (isWanted(want, link.ifname, link.ifname))
        found(
          wireguardSpec(link.ifname, await dump(await io.netlink(NETLINK.GENERIC), link.ifindex), digest),
        );
  },
};

/** Tells keys apart. 64 bits of a hash give nothing away of 32 random bytes. */
function digest(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

async function dump(
  transport: NetlinkTransport,
  wgdeviceAIfindex: number,
): Promise<readonly WgdeviceAttrs[]> {
  const messages: WgdeviceAttrs[] = [];
  const request = {
    type: await genericFamily(transport, 'wireguard'),
    payload: genericPayload(WG_CMD_GET_DEVICE, (out) => encodeWgdeviceAttrs(out, { wgdeviceAIfindex })),
    operation: `read the WireGuard device ${wgdeviceAIfindex}`,
  };
  await transport.dump(request, (wire, start, end) => {
    messages.push(decodeWgdeviceAttrs(wire, start + GENLMSGHDR_SIZE, end, PICK));
  });
  return messages;
}
