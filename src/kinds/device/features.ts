// SPDX-License-Identifier: Apache-2.0
// Offloads by the kernel's names (net/ethtool/common.c netdev_features_strings). What `ethtool -K` calls `tso`, `tx` and
// `sg` are several of them each. In what is observed such a family is the settings of its members; in a document it is
// one switch, which agrees with them when any is on, as `ethtool -k` shows it. So the members come back one by one.
import { Type } from 'typebox';
import {
  type BitsetAttrs,
  decodeFeaturesAttrs,
  ETHTOOL_MSG_FEATURES_GET,
  ETHTOOL_MSG_FEATURES_SET,
  encodeFeaturesAttrs,
} from '../../codec/generated/ethtool.ts';
import type { Spec } from '../../model/object.ts';
import type { Complain } from '../object-class.ts';
import type { Group } from './group.ts';

type Switches = Readonly<Record<string, boolean>>;

interface Family {
  readonly pattern: RegExp;
  /** Its members of a device that is not there yet. */
  readonly usual: readonly string[];
}

const FAMILIES: Readonly<Record<string, Family>> = {
  'tx-checksumming': {
    pattern: /^tx-checksum-/,
    usual: ['tx-checksum-ipv4', 'tx-checksum-ip-generic', 'tx-checksum-ipv6', 'tx-checksum-sctp'],
  },
  'scatter-gather': {
    pattern: /^tx-scatter-gather/,
    usual: ['tx-scatter-gather', 'tx-scatter-gather-fraglist'],
  },
  'tcp-segmentation-offload': {
    pattern: /^tx-tcp.*-segmentation$/,
    usual: [
      'tx-tcp-segmentation',
      'tx-tcp-ecn-segmentation',
      'tx-tcp-mangleid-segmentation',
      'tx-tcp6-segmentation',
    ],
  },
};

const ALIASES: Readonly<Record<string, string>> = {
  tx: 'tx-checksumming',
  sg: 'scatter-gather',
  tso: 'tcp-segmentation-offload',
  rx: 'rx-checksum',
  'rx-checksumming': 'rx-checksum',
  gso: 'tx-generic-segmentation',
  'generic-segmentation-offload': 'tx-generic-segmentation',
  gro: 'rx-gro',
  'generic-receive-offload': 'rx-gro',
  lro: 'rx-lro',
  'large-receive-offload': 'rx-lro',
  rxvlan: 'rx-vlan-hw-parse',
  'rx-vlan-offload': 'rx-vlan-hw-parse',
  txvlan: 'tx-vlan-hw-insert',
  'tx-vlan-offload': 'tx-vlan-hw-insert',
  ntuple: 'rx-ntuple-filter',
  'ntuple-filters': 'rx-ntuple-filter',
  rxhash: 'rx-hashing',
  'receive-hashing': 'rx-hashing',
};

/** What is observed of a feature that the device does not let anybody switch. */
const FIXED = { on: 'fixed on', off: 'fixed off' } as const;

/** Offloads of a device (net/ethtool/features.c). */
export const FEATURES: Group = {
  name: 'features',
  get: ETHTOOL_MSG_FEATURES_GET,
  set: ETHTOOL_MSG_FEATURES_SET,
  schema: Type.Record(Type.String({ pattern: '^[a-z0-9][-_a-z0-9]*$' }), Type.Boolean(), {
    description: 'Offloads, by the names that `ethtool -k` and `ethtool -K` use',
    additionalProperties: false,
  }),
  ask: (out, header) => encodeFeaturesAttrs(out, { header }),
  decode(wire, start, end) {
    const { hw, active } = decodeFeaturesAttrs(wire, start, end);
    const on = new Set(namesOf(active));
    const free = new Set((hw?.bits?.bit ?? []).flatMap(({ name, value }) => (value && name ? [name] : [])));
    const single = namesOf(hw).map(
      (name) => [name, free.has(name) ? on.has(name) : fixedAt(on.has(name))] as const,
    );
    return Object.fromEntries([...single, ...familiesOf(new Map(single))]);
  },
  change(before, after) {
    const changes = Object.entries(switched(before, after));
    if (changes.length === 0) return undefined;
    const bit = changes.map(([name, value]) => ({ name, ...(value && { value }) }));
    return (out, header) => encodeFeaturesAttrs(out, { header, wanted: { bits: { bit } } });
  },
};

/** The features of a document under the names that are compared; what is said twice goes to `complain`. */
export function canonicalFeatures(features: Switches, complain: Complain): Switches {
  const said = new Map<string, string>();
  const out: Record<string, boolean> = {};
  for (const [name, value] of Object.entries(features)) {
    const canonical = ALIASES[name] ?? name;
    const other = said.get(canonical);
    if (other !== undefined) complain(`features.${name}`, `means the same as ${other}: keep one of them`);
    said.set(canonical, name);
    out[canonical] = value;
  }
  for (const [family, { pattern }] of Object.entries(FAMILIES))
    for (const [canonical, name] of said)
      if (said.has(family) && pattern.test(canonical))
        complain(`features.${name}`, `is part of ${said.get(family)}: name either the whole or the parts`);
  return out;
}

/** True when a switch in a document says what is observed. */
export function featureAgrees(declared: unknown, observed: unknown): boolean {
  if (isSettings(observed)) return Object.values(observed).includes(true) === declared;
  return observed === (declared === true ? FIXED.on : FIXED.off);
}

/** Whether nobody can switch it. */
export function isFixedFeature(observed: unknown): boolean {
  return observed === FIXED.on || observed === FIXED.off;
}

function fixedAt(on: boolean): string {
  return on ? FIXED.on : FIXED.off;
}

function familiesOf(states: ReadonlyMap<string, boolean | string>): [string, Switches | string][] {
  return Object.entries(FAMILIES).map(([family, { pattern }]) => {
    const members = [...states].filter(([name]) => pattern.test(name));
    const free = members.filter((member): member is [string, boolean] => typeof member[1] === 'boolean');
    if (free.length > 0) return [family, Object.fromEntries(free)];
    return [family, fixedAt(members.some(([, state]) => state === FIXED.on))];
  });
}

/** What has to be switched. A family gives way to its members, which differ from `before` only if they are meant. */
function switched(before: Spec, after: Spec): Switches {
  const out: Record<string, boolean> = {};
  for (const [name, value] of Object.entries(after))
    if (typeof value === 'boolean' && FAMILIES[name] !== undefined)
      for (const member of membersOf(name, before)) out[member] = value;
    else if (isSettings(value)) Object.assign(out, unlike(before[name], value));
  const single = Object.entries(after).filter(([name]) => FAMILIES[name] === undefined);
  return unlike(before, { ...out, ...unlike(before, Object.fromEntries(single)) });
}

function unlike(before: unknown, after: Spec): Switches {
  const had = isSettings(before) ? before : {};
  const changed = Object.entries(after).filter(
    (entry): entry is [string, boolean] => typeof entry[1] === 'boolean' && entry[1] !== had[entry[0]],
  );
  return Object.fromEntries(changed);
}

function isSettings(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null;
}

function membersOf(family: string, before: Spec): readonly string[] {
  const known = before[family];
  return isSettings(known) ? Object.keys(known) : (FAMILIES[family]?.usual ?? []);
}

function namesOf(bitset: BitsetAttrs | undefined): readonly string[] {
  return (bitset?.bits?.bit ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
}
