// SPDX-License-Identifier: Apache-2.0
// Why a packet passes or not: by the documents, and by the program that is attached.
import {
  type ExplainedVerdict,
  type ExplainJudgement,
  type ExplainReport,
  ExplainRequest,
  type Explanation,
} from '../../api/schemas/policies.ts';
import { isWeirError, WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import { didYouMean } from '../../base/suggest.ts';
import { validated } from '../../base/validate.ts';
import { packetsOf } from '../../codec/capture-file.ts';
import { LINK_TYPE } from '../../codec/pcapng.ts';
import type { PolicyHost } from '../../engine/policy/host.ts';
import type { Traced } from '../../engine/policy/ports.ts';
import { IP_PROTOCOLS } from '../../model/names/ip-protocols.ts';
import { DEFAULT_NAMESPACE, type EndpointSpec, type PolicyDirection } from '../../model/policy.ts';
import { RULE_ISOLATED } from '../../policy/compiled.ts';
import { type Decision, type DefaultReason, type Judgement, judge } from '../../policy/evaluate.ts';
import { frameOf, hasPorts, readCooked, readFrame, readPacket } from '../../policy/frame.ts';
import type { PolicyPacket } from '../../policy/packet.ts';
import { EMPTY_WORLD, indexOf, type World } from '../../policy/world.ts';

const [ICMP, TCP, ICMPV6] = [1, 6, 58];
const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const ECHO_REQUEST: Readonly<Record<number, number>> = { [ICMP]: 8, [ICMPV6]: 128 };
const CLIENT_PORT = 40_000;
/** Verdicts from the mildest on. */
const SEVERITY: readonly ExplainedVerdict[] = ['allow', 'deny', 'reject'];

/**
 * Explain one packet, or each of a capture.
 * @throws {WeirError} `POLICY_DISAGREES` when the program says something else, `REQUEST_INVALID`, `VALUE`, `DECODE`.
 */
export function explain(host: PolicyHost, given: unknown): Omit<ExplainReport, 'revision'> {
  if (given instanceof Uint8Array) return explainCapture(host, given);
  const request = validated(ExplainRequest, given, 'body') as ExplainRequest;
  const [from, to] = endsOf(host, request);
  const packet = packetIn(request, from.address, to.address);
  const named = [from, to].flatMap(({ endpoint }) => endpoint ?? []);
  return explained(host, packet, named);
}

/** What reads packets that begin with this. */
const READERS: Readonly<Record<number, typeof readFrame>> = {
  [LINK_TYPE.ethernet]: readFrame,
  [LINK_TYPE.raw]: readPacket,
  [LINK_TYPE.linuxSll2]: readCooked,
};

function explainCapture(host: PolicyHost, bytes: Uint8Array): Pick<ExplainReport, 'packets' | 'cutOff'> {
  const found: { number: number; skipped?: string }[] = [];
  const packets = packetsOf(bytes);
  let next = packets.next();
  for (; !next.done; next = packets.next()) {
    const { linkType, data } = next.value;
    const number = found.length + 1;
    const packet = READERS[linkType]?.(data) ?? { problem: `link type ${linkType} is not understood` };
    if ('problem' in packet) found.push({ number, skipped: packet.problem });
    else found.push({ number, ...explained(host, packet, []) });
  }
  return { packets: found, ...(next.value > 0 && { cutOff: next.value }) };
}

interface End {
  readonly address: Uint8Array;
  readonly endpoint?: EndpointSpec;
}

/** The two ends, of one family. */
function endsOf(host: PolicyHost, { from, to }: ExplainRequest): readonly [End, End] {
  const ends = [from, to].map((text) => endOf(host, text));
  const [a = [], b = []] = ends;
  for (const one of a)
    for (const other of b) if (one.address.length === other.address.length) return [one, other];
  throw new WeirError('VALUE', { what: `${from} and ${to}`, problem: 'have no addresses of one family' });
}

/** An address, or those of an endpoint. */
function endOf({ objects }: PolicyHost, text: string): readonly End[] {
  try {
    return [{ address: parseIp(text) }];
  } catch (error) {
    if (!isWeirError(error)) throw error;
  }
  const key = text.includes('/') ? text : `${DEFAULT_NAMESPACE}/${text}`;
  const endpoint = objects.endpoint.get(key);
  if (endpoint === undefined)
    throw new WeirError('NOT_FOUND', {
      what: 'endpoint',
      name: key,
      hint: hintFor(key, [...objects.endpoint.keys()]),
    });
  if (endpoint.addresses.length === 0)
    throw new WeirError('VALUE', {
      what: `the endpoint ${key}`,
      problem: 'has no address: give an address instead',
    });
  return endpoint.addresses.map((address) => ({ address: parseIp(address), endpoint }));
}

/** Endpoints of the same name in other namespaces, or the one that is written most alike. */
function hintFor(key: string, known: readonly string[]): string {
  const name = key.slice(key.indexOf('/'));
  const namesakes = known.filter((one) => one.endsWith(name)).slice(0, 3);
  if (namesakes.length > 0) return `, did you mean ${namesakes.map((one) => `"${one}"`).join(' or ')}?`;
  return didYouMean(key, known) || '; it is no address either';
}

function packetIn(request: ExplainRequest, source: Uint8Array, destination: Uint8Array): PolicyPacket {
  const protocol = protocolOf(request.protocol, source.length === 16);
  const {
    port,
    sourcePort = CLIENT_PORT,
    type = ECHO_REQUEST[protocol] ?? 0,
    code = 0,
    flags = ['SYN'],
  } = request;
  if (hasPorts(protocol) && port === undefined)
    throw new WeirError('REQUEST_INVALID', {
      where: 'body: port',
      problem: `is missing: ${request.protocol} has ports`,
    });
  if (!hasPorts(protocol) && (request.sourcePort ?? port) !== undefined)
    throw new WeirError('REQUEST_INVALID', {
      where: `body: ${port === undefined ? 'sourcePort' : 'port'}`,
      problem: `is given, and ${request.protocol} has no ports: leave it out`,
    });
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  return {
    source,
    destination,
    protocol,
    ...(hasPorts(protocol) ? { sourcePort, port: port ?? 0 } : { sourcePort: 0, port: 0 }),
    type: isIcmp ? type : 0,
    code: isIcmp ? code : 0,
    flags: protocol === TCP ? flags.reduce((bits, flag) => bits | (1 << FLAGS.indexOf(flag)), 0) : 0,
  };
}

function protocolOf(text: string, isV6: boolean): number {
  const name = text.toLowerCase();
  if (/^\d+$/.test(name) && Number(name) < 256) return Number(name);
  if (name === 'icmp') return isV6 ? ICMPV6 : ICMP;
  if (name === 'icmpv6') return ICMPV6;
  const found = Object.entries(IP_PROTOCOLS).find(([, known]) => known === name);
  if (found !== undefined) return Number(found[0]);
  throw new WeirError('VALUE', {
    what: `protocol "${text}"`,
    problem: 'must be tcp, udp, sctp, icmp or a number',
  });
}

/** @param named Endpoints that were asked for by name. */
function explained(host: PolicyHost, packet: PolicyPacket, named: readonly EndpointSpec[]): Explanation {
  const world = host.world ?? EMPTY_WORLD;
  const judgements: ExplainJudgement[] = [];
  for (const [direction, address] of [
    ['egress', packet.source],
    ['ingress', packet.destination],
  ] as const)
    for (const endpoint of endpointsAt(host, world, address, named))
      judgements.push(judged(host, world, endpoint, direction, packet));
  const worst = judgements.reduce((so, { verdict }) => Math.max(so, SEVERITY.indexOf(verdict)), 0);
  const { source, destination, protocol, sourcePort, port } = packet;
  return {
    verdict: SEVERITY[worst] ?? 'deny',
    from: renderIp(source),
    to: renderIp(destination),
    protocol: IP_PROTOCOLS[protocol] ?? String(protocol),
    ...(hasPorts(protocol) && { sourcePort, port }),
    judgements,
  };
}

/** Endpoints that have the address, and hosts that have it on a device. */
function endpointsAt(
  host: PolicyHost,
  world: World,
  address: Uint8Array,
  named: readonly EndpointSpec[],
): readonly EndpointSpec[] {
  const known = indexOf(world).at(address);
  const hosts = host.hostsAt(renderIp(address)).filter((one) => !known.includes(one));
  const asked = named.filter(
    (one) => !known.includes(one) && one.addresses.some((a) => a === renderIp(address)),
  );
  return [...known, ...hosts, ...asked];
}

function judged(
  host: PolicyHost,
  world: World,
  endpoint: EndpointSpec,
  direction: PolicyDirection,
  packet: PolicyPacket,
): ExplainJudgement {
  const judgement = judge(world, endpoint, direction, packet);
  const datapath = traced(host, endpoint, direction, packet);
  if (datapath !== undefined && datapath.verdict !== judgement.verdict)
    throw new WeirError('POLICY_DISAGREES', {
      program: `${datapath.verdict} (${datapath.policy ?? datapath.reason})`,
      model: `${judgement.verdict} (${told(judgement).policy ?? told(judgement).reason})`,
      where: `${direction} of ${endpoint.key}, ${renderIp(packet.source)} to ${renderIp(packet.destination)}`,
    });
  const { tier, limit, audit, trail } = judgement;
  return {
    endpoint: endpoint.key,
    direction,
    ...told(judgement),
    ...(tier !== undefined && { tier }),
    ...(limit !== undefined && { limited: true }),
    ...(audit !== undefined && { audit: told(audit) }),
    trail: trail.map(({ policy, name, index, tier: of, action, result }) => ({
      policy,
      rule: name ?? String(index),
      tier: of,
      action,
      result,
    })),
    ...(datapath && { datapath }),
  };
}

function told({ verdict, by }: Decision | Judgement) {
  if ('default' in by) return { verdict, reason: by.default };
  const { policy, name, index } = by.rule;
  return { verdict, policy, rule: name ?? String(index), reason: 'rule' };
}

/** What the program on a device of the endpoint says; undefined where there is none. */
function traced(
  host: PolicyHost,
  { key }: EndpointSpec,
  direction: PolicyDirection,
  packet: PolicyPacket,
): ExplainJudgement['datapath'] {
  const found = host.trace(key, direction, frameOf(packet));
  if (found === undefined) return undefined;
  const { device, origin, ...rest } = found;
  const { policy, name, index } = origin ?? {};
  return {
    device,
    verdict: rest.verdict,
    ...(policy !== undefined && policy !== '' && { policy, rule: name ?? String(index) }),
    reason: policy === '' ? reasonOf(rest) : rest.reason,
    identity: rest.identity,
  };
}

/** What the program says in the words of the model. */
const REASONS: Readonly<Record<string, DefaultReason>> = {
  NO_POLICY: 'no policy',
  ITSELF: 'self',
  NEIGHBOUR: 'always',
  DHCP: 'always',
};

/** Where no policy decides: the programs have two rules to count that by. */
function reasonOf({ reason, rule }: Pick<Traced, 'reason' | 'rule'>): string {
  if (reason !== 'BY_RULE' && reason !== 'DENIED') return REASONS[reason] ?? reason;
  return rule === RULE_ISOLATED ? 'isolated' : 'no policy';
}
