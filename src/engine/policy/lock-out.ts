// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../../base/errors.ts';
import { parseIp } from '../../base/ip.ts';
import { objectId } from '../../model/object.ts';
import type { EndpointSpec, PolicyRule } from '../../model/policy.ts';
import type { Diagnostic } from '../../plan/plan.ts';
import { judge } from '../../policy/evaluate.ts';
import { packetOf } from '../../policy/packet.ts';
import { selects } from '../../policy/select.ts';
import { indexOf, type World } from '../../policy/world.ts';
import type { Examined } from './ports.ts';

/** Addresses of nobody (RFC 5737, RFC 3849): in place of one that is not known. */
const ANYBODY = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
const [TCP] = [6];
const CLIENT_PORT = 40_000;
/** What ids of policies begin with. */
const POLICY = objectId('', 'policy', '');

/**
 * Policies that change and would close this host to whoever asks for them, if the rules of management did not keep it
 * open: for as long as the change is not confirmed, or for good.
 */
export function* lockOutWarnings({ world, changed, peers }: Examined): Generator<Diagnostic> {
  const hosts = [...world.endpoints.values()].filter(({ side }) => side === 'host');
  if (hosts.length === 0 || !touchesHosts(world, hosts, changed)) return;
  const bare: World = { ...world, management: [] };
  const ports = portsIn(world);
  for (const peer of new Set(peers)) {
    const address = addressOf(peer);
    if (address === undefined) continue;
    for (const endpoint of hosts) yield* closing(bare, endpoint, address, ports);
  }
}

function touchesHosts(world: World, hosts: readonly EndpointSpec[], changed: ReadonlySet<string>): boolean {
  const index = indexOf(world);
  if (hosts.some(({ key }) => changed.has(objectId('', 'endpoint', key)))) return true;
  for (const id of changed) {
    if (id.startsWith('cidr-set ') || id.startsWith('namespace ')) return true;
    const policy = id.startsWith(POLICY) ? world.policies.get(id.slice(POLICY.length)) : undefined;
    if (policy === undefined) continue;
    if (hosts.some((one) => selects(policy.subject, one, index.labelsOf(one.namespace)))) return true;
  }
  return false;
}

function* closing(
  world: World,
  endpoint: EndpointSpec,
  source: string,
  ports: readonly number[],
): Generator<Diagnostic> {
  const own = endpoint.addresses.find((text) => text.includes(':') === source.includes(':'));
  const destination = own ?? ANYBODY[source.includes(':') ? 6 : 4];
  for (const port of ports) {
    const packet = packetOf({ source, destination, protocol: TCP, sourcePort: CLIENT_PORT, port });
    const { verdict, by } = judge(world, endpoint, 'ingress', packet);
    if (verdict === 'allow') continue;
    const who = 'rule' in by ? `policy ${by.rule.policy}` : 'isolation by policies';
    const policy = 'rule' in by ? by.rule.policy : undefined;
    yield {
      severity: 'warning',
      code: 'POLICY_OWN_PATH',
      message: `${who} closes port ${port}/tcp of ${endpoint.key} to ${source}, where you come from; the setting policy.management keeps it open, everything else from there only until the change is confirmed`,
      ...(policy !== undefined && { id: objectId('', 'policy', policy) }),
    };
  }
}

/** TCP ports that the rules of management keep open. */
function portsIn({ management }: World): readonly number[] {
  const rules = management.flatMap(({ ingress = [] }): readonly PolicyRule[] => ingress);
  const ports = rules.flatMap((rule) => rule.ports ?? []);
  return [...new Set(ports.flatMap((one) => (one.protocol === TCP && one.ports ? [one.ports[0]] : [])))];
}

function addressOf(text: string): string | undefined {
  const bare = text.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  try {
    parseIp(bare);
    return bare;
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}
