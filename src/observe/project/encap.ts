// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { LwtunnelEncapMsg } from '../../codec/generated/rt-route.ts';
import { type Fields, given, present, toNumber } from '../../kinds/fields.ts';
import type { DeviceNames } from './device-names.ts';
import { renderMplsLabels } from './mpls.ts';
import { renderSegmentRouting } from './seg6.ts';
import { renderSeg6Local } from './seg6local.ts';

/** A tunnel that the codec decodes. */
type KnownEncap = Exclude<LwtunnelEncapMsg, Uint8Array>;

/** TUNNEL_* bits of LWTUNNEL_IP_FLAGS in wire order (include/net/ip_tunnels.h). */
const TUNNEL_CSUM = 0x01;
const TUNNEL_KEY = 0x04;
const TUNNEL_SEQ = 0x08;

/** LWTUNNEL_ENCAP_* by number (include/uapi/linux/lwtunnel.h). */
const ENCAP_TYPES = ['', 'mpls', 'ip', 'ila', 'ip6', 'seg6', 'bpf', 'seg6local', 'rpl', 'ioam6', 'xfrm'];

/**
 * An object with its tunnel, whose fields stand beside the object's own as `ip` prints them. A tunnel's
 * field whose name the object uses itself is written as `encap_<name>`.
 */
export function withEncap(
  object: Fields,
  type: number | undefined,
  encap: LwtunnelEncapMsg | undefined,
  names: DeviceNames,
): Fields {
  if (type === undefined || type === 0) return object;
  const all: Fields = { ...object, encap: ENCAP_TYPES[type] ?? 'unknown' };
  const tunnel = encap === undefined || encap instanceof Uint8Array ? {} : present(encapFields(encap, names));
  for (const [key, value] of Object.entries(tunnel)) all[key in object ? `encap_${key}` : key] = value;
  return all;
}

function encapFields(encap: KnownEncap, names: DeviceNames): Fields {
  switch (encap.kind) {
    case 'ip':
    case 'ip6':
      return ipFields(encap);
    case 'mpls':
      return { dst: given(encap.dst, renderMplsLabels), ttl: encap.ttl };
    case 'seg6':
      return given(encap.srh, renderSegmentRouting) ?? {};
    case 'seg6local':
      return renderSeg6Local(encap, names);
    case 'bpf':
      return {
        in: given(encap.in, ({ name }) => ({ name })),
        out: given(encap.out, ({ name }) => ({ name })),
        xmit: given(encap.xmit, ({ name }) => ({ name })),
        headroom: encap.xmitHeadroom,
      };
  }
}

function ipFields(encap: Extract<KnownEncap, { kind: 'ip' | 'ip6' }>): Fields {
  const flags = encap.flags ?? 0;
  return {
    id: toNumber(encap.id),
    src: given(encap.src, renderIp),
    dst: given(encap.dst, renderIp),
    ...(encap.kind === 'ip'
      ? { ttl: encap.ttl, tos: encap.tos }
      : { hoplimit: encap.hoplimit, tc: encap.tc }),
    key: (flags & TUNNEL_KEY) !== 0 ? true : undefined,
    csum: (flags & TUNNEL_CSUM) !== 0 ? true : undefined,
    seq: (flags & TUNNEL_SEQ) !== 0 ? true : undefined,
  };
}
