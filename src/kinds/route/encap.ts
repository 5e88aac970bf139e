// SPDX-License-Identifier: Apache-2.0
// Light-weight tunnels of routes and nexthops (include/uapi/linux/lwtunnel.h).
import { type Static, Type } from 'typebox';
import { hex } from '../../base/bytes.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { encodeRouteAttrs, type LwtunnelEncapMsg } from '../../codec/generated/rt-route.ts';
import type { Spec } from '../../model/object.ts';
import { attempt } from '../addresses.ts';
import { addressUnlessAny, given, present, toNumber, unlessZero } from '../fields.ts';
import type { Complain, Requirement } from '../object-class.ts';
import { ACTIONS, labelStack, labelsOf, routingHeader, SEG6_MODES, segmentsOf } from './segments.ts';

const TYPES = ['', 'mpls', 'ip', 'ila', 'ip6', 'seg6', 'bpf', 'seg6local', 'rpl', 'ioam6', 'xfrm'];
const U32 = 0xffff_ffff;
const number = (description: string, maximum: number) =>
  Type.Optional(Type.Integer({ description, minimum: 1, maximum }));
const text = (description: string) => Type.Optional(Type.String({ description, minLength: 1 }));
const yes = (description: string) => Type.Optional(Type.Literal(true, { description }));

/** A tunnel that packets of a route go into. */
export const EncapField = Type.Optional(
  Type.Object(
    {
      type: Type.Enum(['mpls', 'ip', 'ip6', 'seg6', 'seg6local', 'bpf', 'ila', 'rpl', 'ioam6', 'xfrm'], {
        description: 'Kind of tunnel',
      }),
      id: number('Tunnel id (ip, ip6)', Number.MAX_SAFE_INTEGER),
      src: text('Source address (ip, ip6)'),
      dst: text('Destination address (ip, ip6), or labels such as 100/200 (mpls)'),
      ttl: number('Time to live (ip, mpls), hop limit (ip6)', 255),
      tos: number('Type of service (ip), traffic class (ip6)', 255),
      key: yes('With a key (ip, ip6)'),
      csum: yes('With a checksum (ip, ip6)'),
      seq: yes('With sequence numbers (ip, ip6)'),
      mode: Type.Optional(Type.Enum(SEG6_MODES, { description: 'How the segments are put in (seg6)' })),
      segs: Type.Optional(
        Type.Array(Type.String(), { description: 'Segments in the order of travel (seg6)', minItems: 1 }),
      ),
      action: Type.Optional(
        Type.Enum(ACTIONS.slice(1), { description: 'What the segment does (seg6local)' }),
      ),
      table: number('Table to look in (seg6local)', U32),
      vrftable: number('Table of a VRF to look in (seg6local)', U32),
      nh4: text('Next router (seg6local)'),
      nh6: text('Next router (seg6local)'),
      in: text('Path of a pinned program of type lwt_in, for packets that arrive (bpf)'),
      out: text('Path of a pinned program of type lwt_out, for packets that leave (bpf)'),
      xmit: text('Path of a pinned program of type lwt_xmit, for packets that are sent (bpf)'),
      headroom: number('Bytes that the program at xmit may put in front (bpf)', 256),
      raw: Type.Optional(
        Type.String({
          description: 'The attributes as the kernel takes them, in hexadecimal, in place of the rest',
          pattern: '^([0-9a-f]{2})+$',
        }),
      ),
    },
    { additionalProperties: false, description: 'Tunnel that the packets go into' },
  ),
);

export type EncapSpec = NonNullable<Static<typeof EncapField>>;

/** TUNNEL_* bits of LWTUNNEL_IP_FLAGS (include/net/ip_tunnels.h). */
const FLAGS = { csum: 0x01, key: 0x04, seq: 0x08 } as const;

/** Where programs of a bpf tunnel run. */
const PROGRAMS = ['in', 'out', 'xmit'] as const;

/** What each kind cannot be without. */
const REQUIRED: Readonly<Record<string, readonly (keyof EncapSpec)[]>> = {
  mpls: ['dst'],
  ip: ['dst'],
  ip6: ['dst'],
  seg6: ['segs'],
  seg6local: ['action'],
  bpf: [],
};

const RAW = ['raw'] as const;

/** Options that bring each kind. */
const CONFIGS: Readonly<Record<string, string>> = {
  mpls: 'CONFIG_MPLS_IPTUNNEL',
  seg6: 'CONFIG_IPV6_SEG6_LWTUNNEL',
  seg6local: 'CONFIG_IPV6_SEG6_LWTUNNEL',
  bpf: 'CONFIG_LWTUNNEL_BPF',
  ila: 'CONFIG_IPV6_ILA',
  rpl: 'CONFIG_IPV6_RPL_LWTUNNEL',
  ioam6: 'CONFIG_IPV6_IOAM6_LWTUNNEL',
  xfrm: 'CONFIG_XFRM_INTERFACE',
};

/** What the kernel must have for tunnels of routes and nexthops. */
export function encapRequirements(encaps: readonly (Spec | undefined)[]): readonly Requirement[] {
  const types = new Set(encaps.flatMap((encap) => (encap === undefined ? [] : [String(encap['type'])])));
  return [...types].map((type) => ({ feature: `encap ${type}`, config: CONFIGS[type] ?? 'CONFIG_LWTUNNEL' }));
}

/** Canonical form of a tunnel that was declared. */
export function declareEncap(given: EncapSpec, path: string, complain: Complain): Spec {
  if (given.type === 'bpf' && PROGRAMS.every((hook) => given[hook] === undefined)) {
    complain(path, 'has no program: give in, out or xmit');
    return given;
  }
  const needed = given.raw === undefined ? (REQUIRED[given.type] ?? RAW) : [];
  for (const name of needed) if (given[name] === undefined) complain(`${path}.${name}`, 'is missing');
  if (needed.some((name) => given[name] === undefined)) return given;
  return attempt(() => canonical(given), path, complain) ?? given;
}

function canonical(spec: EncapSpec): Spec {
  if (spec.type === 'bpf') {
    const { type, in: arriving, out, xmit, headroom } = spec;
    return present({ type, in: arriving, out, xmit, headroom });
  }
  const attrs = encapAttrs(spec);
  return spec.raw === undefined ? fieldsOf(spec.type, attrs) : { type: spec.type, raw: spec.raw };
}

/**
 * The canonical settings of a tunnel that the kernel reports. What they cannot say in full is kept as bytes, so that
 * the tunnel can be put back as it was.
 */
export function encapSpec(type: number | undefined, encap: LwtunnelEncapMsg | undefined): Spec | undefined {
  if (type === undefined || type === 0 || encap === undefined) return undefined;
  const name = TYPES[type] ?? `${type}`;
  if (name === 'bpf') return bpfFields(encap);
  const spec = fieldsOf(name, encap);
  const raw = hexOf(encap);
  return REQUIRED[name] !== undefined && hexOf(encapAttrs(spec as EncapSpec)) === raw
    ? spec
    : { type: name, raw };
}

/** LWTUNNEL_ENCAP_* number of a declared tunnel. */
export function encapType({ type }: EncapSpec): number {
  return encapTypeNumber(type);
}

/** The same by its name, or by the number of one that has no name here. */
export function encapTypeNumber(type: string): number {
  const known = TYPES.indexOf(type);
  return known < 0 ? Number(type) : known;
}

function fieldsOf(type: string, encap: LwtunnelEncapMsg): Spec {
  if (encap instanceof Uint8Array || encap.kind === 'bpf') return { type };
  if (encap.kind === 'mpls')
    return present({ type, dst: given(encap.dst, labelsOf), ttl: unlessZero(encap.ttl) });
  if (encap.kind === 'seg6') return { type, ...given(encap.srh, segmentsOf) };
  if (encap.kind === 'seg6local')
    return present({
      type,
      action: ACTIONS[encap.action ?? 0],
      table: encap.table,
      vrftable: encap.vrftable,
      nh4: given(encap.nh4, renderIp),
      nh6: given(encap.nh6, renderIp),
    });
  const flags = encap.flags ?? 0;
  return present({
    type,
    id: unlessZero(toNumber(encap.id)),
    src: addressUnlessAny(encap.src),
    dst: given(encap.dst, renderIp),
    ttl: unlessZero(encap.kind === 'ip' ? encap.ttl : encap.hoplimit),
    tos: unlessZero(encap.kind === 'ip' ? encap.tos : encap.tc),
    key: (flags & FLAGS.key) === 0 ? undefined : true,
    csum: (flags & FLAGS.csum) === 0 ? undefined : true,
    seq: (flags & FLAGS.seq) === 0 ? undefined : true,
  });
}

/** Programs by the names that they were given, which are the paths of their pins (net/core/lwt_bpf.c). */
function bpfFields(encap: LwtunnelEncapMsg): Spec {
  if (encap instanceof Uint8Array || encap.kind !== 'bpf') return { type: 'bpf' };
  return present({ type: 'bpf', in: encap.in?.name, out: encap.out?.name, xmit: encap.xmit?.name });
}

function bpfAttrs(spec: EncapSpec, open: OpenProgram): LwtunnelEncapMsg {
  const program = (path: string | undefined) => path && { fd: open(path), name: path };
  const [arriving, leaving, sent] = PROGRAMS.map((hook) => program(spec[hook]));
  return { kind: 'bpf', ...present({ in: arriving, out: leaving, xmit: sent, xmitHeadroom: spec.headroom }) };
}

/** A descriptor of the program that is pinned at a path. */
type OpenProgram = (path: string) => number;

/** RTA_ENCAP of canonical settings. */
export function encapAttrs(spec: EncapSpec, open: OpenProgram = () => -1): LwtunnelEncapMsg {
  if (spec.raw !== undefined) return bytesOf(spec.raw);
  switch (spec.type) {
    case 'bpf':
      return bpfAttrs(spec, open);
    case 'mpls':
      return { kind: 'mpls', ...present({ dst: given(spec.dst, labelStack), ttl: spec.ttl }) };
    case 'seg6':
      return { kind: 'seg6', srh: routingHeader(spec.mode ?? 'encap', spec.segs ?? []) };
    case 'seg6local':
      return {
        kind: 'seg6local',
        ...present({
          action: ACTIONS.indexOf(spec.action ?? ''),
          table: spec.table,
          vrftable: spec.vrftable,
          nh4: given(spec.nh4, parseIp),
          nh6: given(spec.nh6, parseIp),
        }),
      };
    default:
      return tunnelAttrs(spec);
  }
}

/** All of them, as the kernel reports them. */
function tunnelAttrs(spec: EncapSpec): LwtunnelEncapMsg {
  const bit = (name: keyof typeof FLAGS) => (spec[name] === true ? FLAGS[name] : 0);
  const common = {
    id: BigInt(spec.id ?? 0),
    dst: parseIp(spec.dst ?? ''),
    src: spec.src === undefined ? new Uint8Array(spec.type === 'ip' ? 4 : 16) : parseIp(spec.src),
    flags: bit('key') | bit('csum') | bit('seq'),
  };
  const [ttl, tos] = [spec.ttl ?? 0, spec.tos ?? 0];
  return spec.type === 'ip'
    ? { kind: 'ip', ...common, ttl, tos }
    : { kind: 'ip6', ...common, hoplimit: ttl, tc: tos };
}

const ATTRIBUTE_HEADER = 4;

/** The attributes of the tunnel without the header of RTA_ENCAP. */
function hexOf(encap: LwtunnelEncapMsg): string {
  if (encap instanceof Uint8Array) return hex(encap);
  const bytes = payloadOf((out) => encodeRouteAttrs(out, { rtaEncap: encap })).subarray(ATTRIBUTE_HEADER);
  const unknown = payloadOf((out) => {
    for (const { type, data } of encap.unknown ?? []) out.attrBytes(type, data);
  });
  return hex(bytes) + hex(unknown);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
