// SPDX-License-Identifier: Apache-2.0
import { parseIp, parsePrefix, renderIp } from '../../base/ip.ts';
import type { PolicyPeer, PolicyRule, PolicySpec } from '../../model/policy.ts';

/** What keeps the node reachable whatever policies say. */
export interface ManagementSettings {
  /** `22/tcp`: ports of this host. */
  readonly ports: readonly string[];
  /** Ports of the agent's own listeners. */
  readonly listeners: readonly number[];
  /** Blocks that may reach these ports; everybody when there are none. */
  readonly from: readonly string[];
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const HOSTS = { side: 'host' } as const;

/**
 * The policies of the tier `management`. What they allow no other policy denies: the ports of the settings and, while a
 * change waits for its confirmation, everything from and to whoever asked for it.
 */
export function managementPolicies(
  { ports, listeners, from }: ManagementSettings,
  peers: readonly string[],
): readonly PolicySpec[] {
  const listed = [
    ...ports.map(portOf),
    ...listeners.map((port) => ({ protocol: PROTOCOLS['tcp'] as number, port })),
  ];
  const sources = from.length === 0 ? undefined : from.map((text): PolicyPeer => ({ cidr: blockOf(text) }));
  const rules = listed.map(
    ({ protocol, port }): PolicyRule => ({
      name: `${nameOf(protocol)}-${port}`,
      action: 'allow',
      ...(sources && { peers: sources }),
      ports: [{ protocol, ports: [port, port] }],
    }),
  );
  const callers = peers.flatMap((text) => addressOf(text) ?? []);
  const always = callers.map(
    (cidr): PolicyRule => ({ name: `caller ${cidr}`, action: 'allow', peers: [{ cidr }] }),
  );
  return [
    ...(rules.length === 0 ? [] : [policyOf('management/ports', { ingress: rules })]),
    ...(always.length === 0 ? [] : [policyOf('management/caller', { ingress: always, egress: always })]),
  ];
}

function policyOf(key: string, rules: Pick<PolicySpec, 'ingress' | 'egress'>): PolicySpec {
  return {
    key,
    tier: 'management',
    priority: 0,
    mode: 'enforce',
    established: 'recheck',
    subject: HOSTS,
    ...rules,
  };
}

function portOf(text: string): { readonly protocol: number; readonly port: number } {
  const [port, protocol = 'tcp'] = text.split('/');
  return { protocol: PROTOCOLS[protocol] ?? (PROTOCOLS['tcp'] as number), port: Number(port) };
}

function nameOf(protocol: number): string {
  return Object.keys(PROTOCOLS).find((name) => PROTOCOLS[name] === protocol) ?? String(protocol);
}

function blockOf(text: string): string {
  const { address, prefixlen } = parsePrefix(text);
  return `${renderIp(address)}/${prefixlen}`;
}

/** The address alone; undefined for what is none, such as the name of a user. */
function addressOf(text: string): string | undefined {
  try {
    const address = parseIp(text.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''));
    return `${renderIp(address)}/${address.length * 8}`;
  } catch {
    return undefined;
  }
}
