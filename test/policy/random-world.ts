// SPDX-License-Identifier: Apache-2.0
// Worlds and packets by chance, from a number: small enough that much of it meets.

import { canonicalBlock } from '../../src/kinds/policy/blocks.ts';
import type {
  EndpointSelector,
  EndpointSpec,
  LabelSelector,
  NamedPort,
  PolicyPeer,
  PolicyRule,
  PolicySpec,
  PortMatch,
} from '../../src/model/policy.ts';
import { type PolicyPacket, packetOf } from '../../src/policy/packet.ts';
import { prefixesOf } from '../../src/policy/prefix-text.ts';
import type { PrefixList } from '../../src/policy/prefixes.ts';
import type { World } from '../../src/policy/world.ts';

/** A source of chance that gives the same for the same seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Up to `most` things, `least` at least. */
  some<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }
}

const NAMESPACES = ['x', 'y', 'z'];
const APPS = ['a', 'b', 'c'];
const PORT_NAMES = ['web', 'dns', 'db'];
const SETS = ['red', 'blue'];
const ENDPOINTS = 10;
const POLICIES = 8;

function v4(chance: Chance): string {
  return `10.${chance.below(2)}.${chance.below(2)}.${chance.below(8)}`;
}

function v6(chance: Chance): string {
  return `fd00:${chance.below(2)}:${chance.below(2)}::${chance.below(8)}`;
}

function address(chance: Chance): string {
  return chance.once(2) ? v4(chance) : v6(chance);
}

function cidr(chance: Chance): string {
  if (chance.once(2))
    return canonicalBlock(`${v4(chance)}/${chance.of([0, 9, 12, 15, 16, 17, 23, 24, 29, 30, 31, 32])}`);
  return canonicalBlock(`${v6(chance)}/${chance.of([0, 1, 16, 31, 32, 33, 47, 48, 64, 125, 126, 127, 128])}`);
}

function endpoint(chance: Chance, name: string): EndpointSpec {
  const namespace = chance.of(NAMESPACES);
  const labels: Record<string, string> = { app: chance.of(APPS) };
  if (chance.once(3)) labels['role'] = chance.of(['front', '']);
  const port = (): NamedPort => ({
    name: chance.of(PORT_NAMES),
    protocol: chance.of([6, 17, 132]),
    port: chance.of([80, 81]),
  });
  return {
    key: `${namespace}/${name}`,
    namespace,
    labels,
    side: chance.once(6) ? 'host' : 'workload',
    devices: chance.once(8) ? [] : [`d-${name}`],
    addresses: [...new Set(chance.some(0, 3, () => address(chance)))],
    ports: chance.once(2) ? chance.some(0, 2, port) : [],
  };
}

function labelSelector(chance: Chance): LabelSelector {
  if (chance.once(4)) return [];
  if (chance.once(4)) return [{ key: 'role', operator: chance.of(['Exists', 'DoesNotExist']) }];
  const values = [...new Set(chance.some(1, 2, () => chance.of(APPS)))].sort();
  return [{ key: 'app', operator: chance.once(3) ? 'NotIn' : 'In', values }];
}

function selector(chance: Chance): EndpointSelector {
  const found: { -readonly [K in keyof EndpointSelector]: EndpointSelector[K] } = {};
  const kind = chance.below(4);
  if (kind < 2) found.namespace = chance.of(NAMESPACES);
  if (kind === 2)
    found.namespaces = [
      { key: 'team', operator: chance.of(['In', 'NotIn']), values: [chance.of(['1', '2'])] },
    ];
  if (!chance.once(3)) found.labels = labelSelector(chance);
  if (chance.once(5)) found.side = chance.of(['host', 'workload']);
  return found;
}

function peer(chance: Chance): PolicyPeer {
  if (chance.once(2)) return { endpoints: selector(chance) };
  if (chance.once(4)) return { cidrSet: chance.of([...SETS, 'nowhere']) };
  const block = cidr(chance);
  const smaller = () => cidr(chance).replace(/^.*\/0$/, chance.of(['10.0.0.0/9', 'fd00::/17']));
  return chance.once(2) ? { cidr: block } : { cidr: block, except: chance.some(1, 2, smaller) };
}

function portMatch(chance: Chance): PortMatch {
  const kind = chance.below(8);
  if (kind === 0)
    return chance.once(2) ? { name: chance.of(PORT_NAMES) } : { protocol: 6, name: chance.of(PORT_NAMES) };
  if (kind === 1)
    return { protocol: chance.of([1, 58]), type: chance.of([0, 8, 128]), code: chance.below(2) };
  if (kind === 2)
    return chance.once(2) ? { protocol: chance.of([1, 58]), type: chance.of([0, 8, 128]) } : { protocol: 47 };
  if (kind === 3) return { protocol: chance.of([6, 17, 132, 1, 58]) };
  if (kind === 4) return {};
  const first = chance.of([0, 79, 80, 81, 65_535]);
  const ports: readonly [number, number] = [first, Math.min(65_535, first + chance.below(3))];
  if (kind > 5) return { protocol: chance.of([6, 17, 132]), ports };
  const mask = chance.of([2, 16, 18, 1]);
  return {
    protocol: 6,
    ports: chance.once(2) ? ports : [0, 65_535],
    flags: { mask, value: mask & chance.of([2, 0, 16, 255]) },
  };
}

function rule(chance: Chance, tier: PolicySpec['tier'], names: string[]): PolicyRule {
  const actions = ['allow', 'allow', 'deny', 'reject'] as const;
  const action = tier !== 'application' && chance.once(4) ? 'pass' : chance.of(actions);
  return {
    action,
    ...(chance.once(4) && names.length > 0 && { name: names.pop() as string }),
    ...(!chance.once(4) && { peers: chance.some(0, 3, () => peer(chance)) }),
    ...(!chance.once(3) && { ports: chance.some(0, 3, () => portMatch(chance)) }),
    ...(action === 'allow' && chance.once(6) && { mark: 1 + chance.below(3) }),
  };
}

function policy(chance: Chance, name: string): PolicySpec {
  const tier = chance.of(['admin', 'application', 'application', 'baseline'] as const);
  const names = ['r1', 'r2', 'r3'];
  const rules = () => chance.some(0, 4, () => rule(chance, tier, names));
  return {
    key: `Policy/${name}`,
    tier,
    priority: chance.below(3),
    mode: chance.once(4) ? 'audit' : 'enforce',
    established: chance.once(4) ? 'keep' : 'recheck',
    subject: selector(chance),
    ...(!chance.once(3) && { ingress: rules() }),
    ...(!chance.once(3) && { egress: rules() }),
  };
}

function set(chance: Chance): PrefixList {
  return prefixesOf(chance.some(0, 6, () => cidr(chance)));
}

function management(chance: Chance): readonly PolicySpec[] {
  const rules = chance.some(
    1,
    2,
    (): PolicyRule => ({ action: 'allow', peers: [peer(chance)], ports: [portMatch(chance)] }),
  );
  return [
    {
      key: 'management/agent',
      tier: 'management',
      priority: 0,
      mode: 'enforce',
      established: 'keep',
      subject: { side: 'host' },
      ingress: rules,
      egress: rules,
    },
  ];
}

/** A world. */
export function randomWorld(chance: Chance): World {
  const names = (prefix: string, most: number) =>
    Array.from({ length: chance.below(most + 1) }, (_, i) => `${prefix}${i}`);
  const endpoints = names('e', ENDPOINTS).map((name) => endpoint(chance, name));
  const policies = names('p', POLICIES).map((name) => policy(chance, name));
  return {
    endpoints: new Map(endpoints.map((one) => [one.key, one])),
    namespaces: new Map(NAMESPACES.map((name) => [name, { team: chance.of(['1', '2']) }])),
    sets: new Map(SETS.filter(() => !chance.once(3)).map((name) => [name, set(chance)])),
    policies: new Map(policies.map((one) => [one.key, one])),
    management: chance.once(2) ? management(chance) : [],
  };
}

/** The world with something different. */
export function changedWorld(chance: Chance, world: World): World {
  const swap = <T>(
    map: ReadonlyMap<string, T>,
    key: string,
    value: T | undefined,
  ): ReadonlyMap<string, T> => {
    const copy = new Map(map);
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
    return copy;
  };
  switch (chance.below(8)) {
    case 0: {
      const made = endpoint(chance, `e${chance.below(ENDPOINTS)}`);
      return { ...world, endpoints: swap(world.endpoints, made.key, made) };
    }
    case 1: {
      const gone = chance.of([...world.endpoints.keys(), '']);
      return { ...world, endpoints: swap(world.endpoints, gone, undefined) };
    }
    case 2: {
      const gone = chance.of([...world.policies.keys(), '']);
      return { ...world, policies: swap(world.policies, gone, undefined) };
    }
    case 3:
      return {
        ...world,
        namespaces: swap(world.namespaces, chance.of(NAMESPACES), { team: chance.of(['1', '2']) }),
      };
    case 4:
      return { ...world, sets: swap(world.sets, chance.of(SETS), chance.once(3) ? undefined : set(chance)) };
    case 5:
      return { ...world, management: chance.once(2) ? management(chance) : [] };
    case 6:
      return reworded(chance, world);
    default: {
      const made = policy(chance, `p${chance.below(POLICIES)}`);
      return { ...world, policies: swap(world.policies, made.key, made) };
    }
  }
}

/** One rule of one policy becomes another; everything else stays. */
function reworded(chance: Chance, world: World): World {
  const [key, spec] = chance.of([...world.policies, ['', undefined] as const]);
  if (spec === undefined) return world;
  const direction = chance.of(['ingress', 'egress'] as const);
  const rules = spec[direction];
  if (rules === undefined || rules.length === 0) return world;
  const at = chance.below(rules.length);
  const made = rule(chance, spec.tier, []);
  const other = { ...spec, [direction]: rules.map((one, i) => (i === at ? made : one)) };
  return { ...world, policies: new Map([...world.policies, [key, other]]) };
}

/** A packet that may well mean something in the world: addresses come from its endpoints half of the time. */
export function randomPacket(chance: Chance, world: World, endpoint: EndpointSpec): PolicyPacket {
  const known = [...world.endpoints.values()].flatMap(({ addresses }) => addresses);
  const other = () => (known.length > 0 && chance.once(2) ? chance.of(known) : address(chance));
  const own =
    endpoint.addresses.length > 0 && !chance.once(8) ? chance.of(endpoint.addresses) : address(chance);
  let remote = other();
  while (remote.includes(':') !== own.includes(':')) remote = own.includes(':') ? v6(chance) : v4(chance);
  // of the link, or no address yet
  if (own.includes(':') && chance.once(8)) remote = chance.of(['fe80::7', '::', 'fec0::7']);
  const [source, destination] = chance.once(2) ? [own, remote] : [remote, own];
  const protocol = chance.of([6, 6, 6, 17, 17, 132, 1, 58, 47, 50]);
  const isIcmp = protocol === 1 || protocol === 58;
  const hasPorts = [6, 17, 132].includes(protocol);
  return packetOf({
    source,
    destination,
    protocol,
    sourcePort: hasPorts ? chance.of([68, 67, 547, 40_000]) : 0,
    port: hasPorts ? chance.of([0, 68, 79, 80, 81, 82, 546, 65_535]) : 0,
    type: isIcmp ? chance.of([0, 8, 128, 135, 3, 130, 143]) : 0,
    code: isIcmp ? chance.below(3) : 0,
    flags: protocol === 6 ? chance.of([2, 2, 2, 16, 18, 1, 17, 0, 4]) : 0,
  });
}
