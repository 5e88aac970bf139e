// SPDX-License-Identifier: Apache-2.0
import type { EthtoolLinkModes } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const BYTES_PER_SECOND_PER_MBIT = 125_000;

const gauge = (name: string, help: string, labels: readonly string[] = ['device']): Family => ({
  name: `node_network_${name}`,
  help,
  type: 'gauge',
  labels,
});

const AUTONEGOTIATE = gauge('autonegotiate', 'Value is 1 if the device negotiates, 0 otherwise.');
const PORT = gauge('supported_port_info', 'A type of port that the device has, value is always 1.', [
  'device',
  'type',
]);

/** Capabilities by the kernel's name of the mode bit, with the last word of their families' names. */
const CAPABILITIES = [
  ['Autoneg', 'autonegotiate'],
  ['Pause', 'pause'],
  ['Asym_Pause', 'asymmetricpause'],
] as const;

const SETS = ['supported', 'advertised'] as const;

const capability = (noun: string, set: (typeof SETS)[number]): Family =>
  gauge(`${noun}_${set}`, `Value is 1 if ${noun} is ${set}, 0 otherwise.`);
const speed = (set: (typeof SETS)[number]): Family =>
  gauge(`${set}_speed_bytes`, `A speed that is ${set}, in bytes per second.`, ['device', 'duplex', 'mode']);

const CAPABILITY_FAMILIES = CAPABILITIES.flatMap(([bit, noun]) =>
  SETS.map((set) => ({ bit, set, family: capability(noun, set) })),
);
const SPEED_FAMILIES = { supported: speed('supported'), advertised: speed('advertised') } as const;

const PORT_TYPES = ['TP', 'AUI', 'MII', 'FIBRE', 'BNC', 'Backplane'];

/** Families that `writeLinkModes` writes. */
export const LINK_MODE_FAMILIES: readonly Family[] = [
  AUTONEGOTIATE,
  ...CAPABILITY_FAMILIES.map(({ family }) => family),
  PORT,
  SPEED_FAMILIES.supported,
  SPEED_FAMILIES.advertised,
];

/** Write what the device can do and what it offers to its peer. */
export function writeLinkModes(device: string, modes: EthtoolLinkModes, out: Exposition): void {
  out.family(AUTONEGOTIATE).add([device], modes.autoneg ? 1 : 0);
  for (const { bit, set, family } of CAPABILITY_FAMILIES)
    out.family(family).add([device], modes[set].includes(bit) ? 1 : 0);
  for (const type of PORT_TYPES) if (modes.supported.includes(type)) out.family(PORT).add([device, type], 1);
  for (const set of SETS) for (const mode of modes[set]) writeSpeed(device, mode, SPEED_FAMILIES[set], out);
}

/** A mode such as `1000baseT/Full`. */
function writeSpeed(device: string, mode: string, family: Family, out: Exposition): void {
  const match = /^((\d+)base[^/]+)\/(Half|Full)$/.exec(mode);
  if (match === null) return;
  const [, name = '', mbit, duplex = ''] = match;
  out.family(family).add([device, duplex.toLowerCase(), name], Number(mbit) * BYTES_PER_SECOND_PER_MBIT);
}
