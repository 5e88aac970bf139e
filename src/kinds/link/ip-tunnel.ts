// SPDX-License-Identifier: Apache-2.0
import { addressUnlessAny, altHex, type Fields, given, isSet, present, unlessZero } from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';
import {
  type DeclaredKind,
  device,
  fixed,
  flag,
  hexadecimal,
  number,
  onOff,
  type Settings,
  word,
} from './setting.ts';
import { defaultEncapLimit, tunnelAddress } from './tunnel-settings.ts';

/** What the tunnel carries, by IPPROTO_*: 0 is anything. */
const IPIP_MODES = { 0: 'any', 4: 'ipip', 137: 'mplsip' } as const;
const SIT_MODES = { 0: 'any', 41: 'ip6ip', 4: 'ipip', 137: 'mplsip' } as const;
const IP6_MODES = { 0: 'any', 41: 'ip6ip6', 4: 'ipip6' } as const;

interface TunnelData {
  readonly link?: number;
  readonly local?: Uint8Array;
  readonly remote?: Uint8Array;
  readonly ttl?: number;
  readonly tos?: number;
  readonly proto?: number;
  readonly pmtudisc?: number;
  readonly encapLimit?: number;
  readonly collectMetadata?: true;
  readonly fwmark?: number;
}

/** Settings of the tunnels (net/ipv4/ipip.c ipip_fill_info(), net/ipv6/sit.c, net/ipv6/ip6_tunnel.c). */
const render =
  (modes: Readonly<Record<number, string>>) =>
  (d: TunnelData): Fields =>
    present({
      external: d.collectMetadata,
      mode: given(d.proto, (proto) => modes[proto] ?? proto),
      remote: addressUnlessAny(d.remote),
      local: addressUnlessAny(d.local),
      link: deviceName(d.link),
      ttl: d.ttl,
      tos: given(unlessZero(d.tos), altHex),
      pmtudisc: isSet(d.pmtudisc),
      encap_limit: d.encapLimit,
      fwmark: given(unlessZero(d.fwmark), altHex),
    });

export const IP_TUNNEL_KINDS = [
  linkKind('ipip', render(IPIP_MODES)),
  linkKind('sit', render(SIT_MODES)),
  linkKind('ip6tnl', render(IP6_MODES)),
];

const common = (bytes: 4 | 16, modes: Readonly<Record<number, string>>): Settings => ({
  external: fixed(flag('collectMetadata', 'Tunnel keys come with the packets')),
  mode: word('proto', 'What it carries', modes),
  remote: tunnelAddress('remote', bytes, 'The other end'),
  local: tunnelAddress('local', bytes, 'Source address of the outer packets'),
  link: device('link', 'Device that the outer packets leave by'),
  ttl: number('ttl', 'Time to live of the outer packets; 0 inherits', 0, 255),
  fwmark: hexadecimal('fwmark', 'Mark of the outer packets', 0xffff_ffff),
  ...(bytes === 4
    ? {
        tos: hexadecimal('tos', 'Type of service, 1 inherits', 255),
        pmtudisc: onOff('pmtudisc', 'Path MTU discovery'),
      }
    : { encap_limit: number('encapLimit', 'Nested tunnels at most', 0, 255) }),
});

/** How the tunnels are declared: a change repeats everything (net/ipv4/ipip.c ipip_netlink_parms()). */
export const DECLARED_IP_TUNNELS: readonly DeclaredKind[] = [
  { kind: 'ipip', config: 'CONFIG_NET_IPIP', repeats: true, settings: common(4, IPIP_MODES) },
  { kind: 'sit', config: 'CONFIG_IPV6_SIT', repeats: true, settings: common(4, SIT_MODES) },
  {
    kind: 'ip6tnl',
    config: 'CONFIG_IPV6_TUNNEL',
    repeats: true,
    settings: common(16, IP6_MODES),
    joined: (_changed, all, before) => defaultEncapLimit(all, before),
  },
];
