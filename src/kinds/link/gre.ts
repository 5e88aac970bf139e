// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import {
  addressUnlessAny,
  altHex,
  type Fields,
  given,
  isSet,
  present,
  unlessZero,
  whenSet,
} from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';
import {
  type DeclaredKind,
  device,
  fixed,
  flag,
  hexadecimal,
  number,
  onOff,
  type Setting,
  type Settings,
  shared,
  whenOn,
} from './setting.ts';
import { defaultEncapLimit, tunnelAddress } from './tunnel-settings.ts';

const GRE_CSUM = 0x8000;
const GRE_KEY = 0x2000;
const GRE_SEQ = 0x1000;

type GreData = Omit<Parameters<Parameters<typeof linkKind<'gre'>>[1]>[0], 'kind'>;

/** Settings of the GRE kinds (net/ipv4/ip_gre.c ipgre_fill_info(), net/ipv6/ip6_gre.c ip6gre_fill_info()). */
function render(d: GreData): Fields {
  const [iflags, oflags] = [d.iflags ?? 0, d.oflags ?? 0];
  return present({
    external: d.collectMetadata,
    remote: addressUnlessAny(d.remote),
    local: addressUnlessAny(d.local),
    link: deviceName(d.link),
    ttl: d.ttl,
    tos: given(unlessZero(d.tos), altHex),
    pmtudisc: isSet(d.pmtudisc),
    ikey: (iflags & GRE_KEY) === 0 ? undefined : given(d.ikey, dotted),
    okey: (oflags & GRE_KEY) === 0 ? undefined : given(d.okey, dotted),
    iseq: (iflags & GRE_SEQ) !== 0,
    oseq: (oflags & GRE_SEQ) !== 0,
    icsum: (iflags & GRE_CSUM) !== 0,
    ocsum: (oflags & GRE_CSUM) !== 0,
    encap_limit: d.encapLimit,
    ignore_df: whenSet(d.ignoreDf),
    fwmark: given(unlessZero(d.fwmark), altHex),
  });
}

export const GRE_KINDS = (['gre', 'gretap', 'ip6gre', 'ip6gretap'] as const).map((kind) =>
  linkKind(kind, render),
);

const dotted = (key: number) => [24, 16, 8, 0].map((shift) => (key >>> shift) & 0xff).join('.');
const undotted = (text: string) => parseIp(text).reduce((number, byte) => number * 256 + byte, 0);

const key = (description: string): Setting =>
  shared(
    Type.Union([Type.Integer({ minimum: 0, maximum: 0xffff_ffff }), Type.String()], {
      description: `${description}: a number, or four as in 0.0.0.5`,
    }),
    (value: number | string) => {
      if (typeof value === 'number') return dotted(value);
      const bytes = parseIp(value);
      if (bytes.length !== 4)
        throw new WeirError('VALUE', {
          what: `key "${value}"`,
          problem: 'write a number or four as in 0.0.0.5',
        });
      return renderIp(bytes);
    },
  );

const sharedSwitch = (description: string) => shared(Type.Boolean({ description }));

const common = (bytes: 4 | 16): Settings => ({
  external: fixed(flag('collectMetadata', 'Tunnel keys come with the packets')),
  remote: tunnelAddress('remote', bytes, 'The other end'),
  local: tunnelAddress('local', bytes, 'Source address of the outer packets'),
  link: device('link', 'Device that the outer packets leave by'),
  ttl: number('ttl', 'Time to live of the outer packets; 0 inherits', 0, 255),
  ikey: key('Key of what arrives'),
  okey: key('Key of what is sent'),
  iseq: sharedSwitch('Sequence numbers in what arrives'),
  oseq: sharedSwitch('Sequence numbers in what is sent'),
  icsum: sharedSwitch('Checksums in what arrives'),
  ocsum: sharedSwitch('Checksums in what is sent'),
  fwmark: hexadecimal('fwmark', 'Mark of the outer packets', 0xffff_ffff),
  ...(bytes === 4
    ? {
        tos: hexadecimal('tos', 'Type of service, 1 inherits', 255),
        pmtudisc: onOff('pmtudisc', 'Path MTU discovery'),
        ignore_df: whenOn('ignoreDf', "Fragment in spite of don't fragment"),
      }
    : { encap_limit: number('encapLimit', 'Nested tunnels at most', 0, 255) }),
});

function joined(_changed: Spec, all: Spec): Fields {
  const word = (side: 'i' | 'o') =>
    (all[`${side}csum`] === true ? GRE_CSUM : 0) |
    (all[`${side}key`] === undefined ? 0 : GRE_KEY) |
    (all[`${side}seq`] === true ? GRE_SEQ : 0);
  return {
    iflags: word('i'),
    oflags: word('o'),
    ikey: given(all['ikey'] as string | undefined, undotted) ?? 0,
    okey: given(all['okey'] as string | undefined, undotted) ?? 0,
  };
}

const declared = (kind: string, config: string, bytes: 4 | 16): DeclaredKind => ({
  kind,
  config,
  repeats: true,
  settings: common(bytes),
  joined: (changed, all, before) => ({
    ...joined(changed, all),
    ...(bytes === 16 ? defaultEncapLimit(all, before) : {}),
  }),
});

/** How the GRE kinds are declared: a change repeats everything (net/ipv4/ip_gre.c ipgre_netlink_parms()). */
export const DECLARED_GRE: readonly DeclaredKind[] = [
  declared('gre', 'CONFIG_NET_IPGRE', 4),
  declared('gretap', 'CONFIG_NET_IPGRE', 4),
  declared('ip6gre', 'CONFIG_IPV6_GRE', 16),
  declared('ip6gretap', 'CONFIG_IPV6_GRE', 16),
];
