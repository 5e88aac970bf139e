// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import { parseMac, parsePrefix, renderIp, renderMac } from '../../base/ip.ts';
import type { TcFlowerAttrs } from '../../codec/generated/tc.ts';
import { ipProtocolName } from '../../model/names/ip-protocols.ts';
import type { Spec } from '../../model/object.ts';
import type { Attributes } from './action/kind.ts';
import { IpProtocol, ipProtocolNumber } from './ip-protocol.ts';
import { prefixLength, prefixMask } from './mask.ts';
import { Protocol, protocolNumber, renderProtocol } from './protocol.ts';

/** A field that flower compares. */
export interface FlowerKey {
  readonly schema: TSchema;
  /** @throws {WeirError} `VALUE`. */
  readonly canonical?: (value: never) => unknown;
  /** What is wrong with canonical settings that have it. */
  readonly problem?: (settings: Spec, protocol: unknown) => string | undefined;
  readonly attributes: (value: never, settings: Spec) => Attributes;
  readonly reads: readonly string[];
  readonly observed: (attributes: TcFlowerAttrs) => unknown;
}

type Side = 'Src' | 'Dst';
type Values = Readonly<Record<string, unknown>>;

const PORT_PROTOCOLS: Readonly<Record<string, 'Tcp' | 'Udp' | 'Sctp'>> = {
  tcp: 'Tcp',
  udp: 'Udp',
  sctp: 'Sctp',
};
const ALL_PORTS = 0xffff;

/** Protocols of packets with a VLAN tag. */
export const TAGGED: readonly unknown[] = ['802.1Q', '802.1ad'];

/** The fields by the words of `tc`. */
export const FLOWER_KEYS: Readonly<Record<string, FlowerKey>> = {
  src_mac: macKey('Src', 'Source hardware address'),
  dst_mac: macKey('Dst', 'Destination hardware address'),
  vlan_id: vlanKey('keyVlanId', 'VLAN id', 4095),
  vlan_prio: vlanKey('keyVlanPrio', 'Priority in the VLAN tag', 7),
  vlan_ethtype: {
    schema: Protocol('Protocol behind the VLAN tag'),
    canonical: (value: string | number) => renderProtocol(protocolNumber(value)),
    problem: tagged,
    attributes: (value: string | number) => ({ keyVlanEthType: protocolNumber(value) }),
    reads: ['keyVlanEthType'],
    observed: ({ keyVlanEthType }) => keyVlanEthType && renderProtocol(keyVlanEthType),
  },
  ip_proto: {
    schema: IpProtocol('Protocol above IP'),
    canonical: (value: string | number) => ipProtocolName(ipProtocolNumber(value)),
    problem: overIp,
    attributes: (value: string) => ({ keyIpProto: ipProtocolNumber(value) }),
    reads: ['keyIpProto'],
    observed: ({ keyIpProto }) => keyIpProto && ipProtocolName(keyIpProto),
  },
  src_ip: addressKey('Src', 'Source address or prefix'),
  dst_ip: addressKey('Dst', 'Destination address or prefix'),
  src_port: portKey('Src', 'Source port'),
  dst_port: portKey('Dst', 'Destination port'),
};

function macKey(side: Side, description: string): FlowerKey {
  const [key, mask] = [`keyEth${side}`, `keyEth${side}Mask`] as const;
  return {
    schema: Type.String({ description }),
    canonical: (value: string) => renderMac(parseMac(value)),
    attributes: (value: string) => ({ [key]: parseMac(value), [mask]: new Uint8Array(6).fill(0xff) }),
    reads: [key, mask],
    observed(attributes) {
      const found = attributes as Values;
      const [bytes, bits] = [found[key] as Uint8Array | undefined, found[mask] as Uint8Array | undefined];
      if (bytes === undefined) return undefined;
      return (bits?.every((byte) => byte === 0xff) ?? true)
        ? renderMac(bytes)
        : `${renderMac(bytes)}/${renderMac(bits as Uint8Array)}`;
    },
  };
}

function vlanKey(key: 'keyVlanId' | 'keyVlanPrio', description: string, maximum: number): FlowerKey {
  return {
    schema: Type.Integer({ description, minimum: 0, maximum }),
    problem: tagged,
    attributes: (value: number) => ({ [key]: value }),
    reads: [key],
    observed: (attributes) => attributes[key],
  };
}

function tagged(_settings: Spec, protocol: unknown): string | undefined {
  return TAGGED.includes(protocol)
    ? undefined
    : 'needs `protocol: 802.1Q` or `protocol: 802.1ad` of the filter';
}

function overIp(settings: Spec, protocol: unknown): string | undefined {
  const inner = settings['vlan_ethtype'] ?? protocol;
  return inner === 'ip' || inner === 'ipv6'
    ? undefined
    : 'needs `protocol: ip` or `protocol: ipv6` of the filter';
}

/** Addresses are numbers in the codec when they are IPv4's. */
function addressKey(side: Side, description: string): FlowerKey {
  const [four, six] = [`keyIpv4${side}`, `keyIpv6${side}`] as const;
  return {
    schema: Type.String({ description }),
    canonical(value: string) {
      const { address, prefixlen } = parsePrefix(value);
      const mask = prefixMask(prefixlen, address.length);
      const masked = address.map((byte, i) => byte & (mask[i] as number));
      return `${renderIp(masked)}${prefixlen === address.length * 8 ? '' : `/${prefixlen}`}`;
    },
    problem(settings, protocol) {
      const inner = settings['vlan_ethtype'] ?? protocol;
      const value = String(settings[side === 'Src' ? 'src_ip' : 'dst_ip']);
      return inner === (value.includes(':') ? 'ipv6' : 'ip')
        ? undefined
        : `needs \`protocol: ${value.includes(':') ? 'ipv6' : 'ip'}\` of the filter`;
    },
    attributes(value: string) {
      const { address, prefixlen } = parsePrefix(value);
      const mask = prefixMask(prefixlen, address.length);
      if (address.length === 16) return { [six]: address, [`${six}Mask`]: mask };
      return { [four]: wordOf(address), [`${four}Mask`]: wordOf(mask) };
    },
    reads: [four, `${four}Mask`, six, `${six}Mask`],
    observed(attributes) {
      const found = attributes as Values;
      if (found[four] !== undefined)
        return prefixText(bytesOf(found[four]), bytesOf(found[`${four}Mask`] ?? 0xffff_ffff));
      const bytes = found[six] as Uint8Array | undefined;
      return (
        bytes && prefixText(bytes, (found[`${six}Mask`] as Uint8Array | undefined) ?? prefixMask(128, 16))
      );
    },
  };
}

const wordOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

function bytesOf(word: unknown): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(word));
  return new Uint8Array(view.buffer);
}

function prefixText(address: Uint8Array, mask: Uint8Array): string {
  const length = prefixLength(mask);
  if (length === address.length * 8) return renderIp(address);
  return `${renderIp(address)}/${length ?? renderIp(mask)}`;
}

function portKey(side: Side, description: string): FlowerKey {
  const names = Object.values(PORT_PROTOCOLS).map((protocol) => `key${protocol}${side}`);
  return {
    schema: Type.Integer({ description, minimum: 0, maximum: ALL_PORTS }),
    problem: ({ ip_proto }) =>
      PORT_PROTOCOLS[String(ip_proto)] === undefined ? 'needs `ip_proto: tcp`, `udp` or `sctp`' : undefined,
    attributes(value: number, { ip_proto }) {
      return { [`key${PORT_PROTOCOLS[String(ip_proto)]}${side}`]: value };
    },
    reads: names.flatMap((name) => [name, `${name}Mask`]),
    observed(attributes) {
      const found = attributes as Values;
      const name = names.find((one) => found[one] !== undefined);
      if (name === undefined) return undefined;
      const mask = found[`${name}Mask`] ?? ALL_PORTS;
      return mask === ALL_PORTS ? found[name] : `${found[name]}/${mask}`;
    },
  };
}
