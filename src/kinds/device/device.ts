// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import type { Change, ObjectClass, OperationSink } from '../object-class.ts';
import { GROUPS } from './groups.ts';

type Values = Readonly<Record<string, number | boolean>>;

const count = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: 0xffff_ffff }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const closed = { additionalProperties: false } as const;

/** An item of `devices`. */
export const DeviceItem = Type.Object(
  {
    dev: Type.String({ description: 'The device', minLength: 1, maxLength: 15 }),
    channels: Type.Optional(
      Type.Object(
        {
          rx: count('Channels that only receive'),
          tx: count('Channels that only send'),
          other: count('Channels for other interrupts'),
          combined: count('Channels that do both'),
        },
        closed,
      ),
    ),
    rings: Type.Optional(
      Type.Object(
        {
          rx: count('Entries of a receive ring'),
          rx_mini: count('Entries of a ring for small frames'),
          rx_jumbo: count('Entries of a ring for jumbo frames'),
          tx: count('Entries of a send ring'),
        },
        closed,
      ),
    ),
    pause: Type.Optional(
      Type.Object(
        {
          autoneg: flag('Negotiate pause frames'),
          rx: flag('Heed pause frames'),
          tx: flag('Send pause frames'),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'Settings of a device and its driver' },
);

/**
 * What drivers let be tuned (net/ethtool/netlink.c). The settings come with the device, and have their former values
 * again when no document declares them any more.
 */
export const device: ObjectClass = {
  name: 'device',
  section: { document: 'Tuning', name: 'devices', schema: DeviceItem },
  compare: 'declared',
  declare: (item) => [{ class: 'device', spec: item, path: '' }],
  item: (spec) => spec,
  key: (spec) => String(spec['dev']),
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  innate: () => true,
  // a group that the device does not report is one that its driver does not have
  fixed: (before, _after, differing) =>
    differing.filter((field) => before[field.split('.')[0] as string] === undefined),
  write,
  describe: (spec) => `device ${spec['dev']}`,
};

function write({ before = {}, after }: Change, to: OperationSink): void {
  if (after === undefined) return;
  const devIndex = to.ifindex(String(after['dev']));
  for (const { name, set, encode } of GROUPS) {
    const values = changed(before, after, name);
    if (Object.keys(values).length > 0) to.genl('ethtool', set, (out) => encode(out, { devIndex }, values));
  }
}

function changed(before: Spec, after: Spec, group: string): Values {
  const [had, wanted] = [(before[group] ?? {}) as Values, (after[group] ?? {}) as Values];
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => had[name] !== value));
}
