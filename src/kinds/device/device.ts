// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { didYouMean } from '../../base/suggest.ts';
import type { Spec } from '../../model/object.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';
import { CHANNELS } from './channels.ts';
import { COALESCE } from './coalesce.ts';
import { canonicalFeatures, FEATURES, featureAgrees, isFixedFeature } from './features.ts';
import type { Group } from './group.ts';
import { NAPI_SETTINGS, napiWrites } from './napi.ts';
import { PAUSE } from './pause.ts';
import { canonicalQueues, QueuesField, queuesAgree, queueWrites } from './queues.ts';
import { RINGS } from './rings.ts';

/** In the order in which they are set: drivers make rings anew with their channels. */
export const GROUPS: readonly Group[] = [CHANNELS, RINGS, COALESCE, PAUSE, FEATURES];

/** Settings that people look for here and that belong to the link, by their names there. */
const OF_LINKS: Readonly<Record<string, string>> = { mtu: 'mtu', tx_queue_len: 'txqlen', txqlen: 'txqlen' };

const fields = [...GROUPS, ...NAPI_SETTINGS].map(({ name, schema }) => [name, Type.Optional(schema)]);
const foreign = Object.entries(OF_LINKS).map(([name, own]) => [
  name,
  Type.Optional(Type.Unknown({ description: `Refused here: it is \`${own}\` of an item of \`links\`` })),
]);

/** An item of `devices`. */
export const DeviceItem = Type.Object(
  {
    dev: Type.String({ description: 'The device', minLength: 1, maxLength: 15 }),
    ...Object.fromEntries(fields),
    queues: Type.Optional(QueuesField),
    ...Object.fromEntries(foreign),
  },
  { additionalProperties: false, description: 'Settings of a device and its driver' },
);

/**
 * What drivers let be tuned (net/ethtool/netlink.c, net/core/net-sysfs.c). The settings come with the device, and have
 * their former values again when no document declares them any more. The queues of a device that is made with the same
 * documents are not known before; then what is said of all queues is said of the first.
 */
export const device: ObjectClass = {
  name: 'device',
  section: { document: 'Tuning', name: 'devices', schema: DeviceItem },
  compare: 'declared',
  identity: ['dev'],
  lasting: true,
  declare,
  item: (spec) => spec,
  key: (spec) => String(spec['dev']),
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  innate: () => true,
  agrees: (field, declared, observed) =>
    (field.startsWith('features.') && featureAgrees(declared, observed)) ||
    (field.startsWith('queues.') && queuesAgree(declared, observed)),
  fixed: (before, after, differing) =>
    differing.filter((field) => problemOf(before, after, field) !== undefined),
  refusal: (before, after, fixed) => fixed.map((field) => problemOf(before, after, field)).join('; '),
  write,
  describe: (spec) => `device ${spec['dev']}`,
};

function declare(item: Spec, complain: Complain): readonly Declared[] {
  let wrong = false;
  const mistake: Complain = (path, problem) => {
    wrong = true;
    complain(path, problem);
  };
  for (const [name, own] of Object.entries(OF_LINKS))
    if (item[name] !== undefined) mistake(name, `belongs to the link: \`${own}\` of its item of \`links\``);
  const { features, queues, ...rest } = item;
  const spec = {
    ...rest,
    ...(features !== undefined && {
      features: canonicalFeatures(features as Record<string, boolean>, mistake),
    }),
    ...(queues !== undefined && { queues: canonicalQueues(queues as Spec) }),
  };
  return wrong ? [] : [{ class: 'device', spec, path: '' }];
}

/** Why this device cannot have the setting; undefined when it can. */
function problemOf(before: Spec, after: Spec, field: string): string | undefined {
  const [group = '', name, member] = field.split('.');
  const has = before[group];
  if (has === undefined) return `its driver has no ${group}`;
  if (name === undefined || typeof has !== 'object') return undefined;
  const known = has as Spec;
  if (group === 'features' && isFixedFeature(known[name])) return `its ${name} is ${known[name]}`;
  if (known[name] === undefined)
    return `it has no ${name} among its ${group}${didYouMean(name, Object.keys(known))}`;
  if (group !== 'queues' || member === undefined || after['channels'] !== before['channels'])
    return undefined;
  return (known[name] as Spec)[member] === undefined ? `it has no queue ${member} for ${name}` : undefined;
}

function write({ before = {}, after }: Change, to: OperationSink): void {
  if (after === undefined) return;
  const dev = String(after['dev']);
  const devIndex = to.ifindex(dev);
  // threads begin and end while there are instances of NAPI, which some drivers have only with GRO
  const napi = napiWrites(before, after);
  const [first, last] = after['threaded'] === false ? [napi, []] : [[], napi];
  writeFiles(dev, first, to);
  for (const group of GROUPS) {
    const encode = group.change(groupOf(before, group), groupOf(after, group));
    if (encode !== undefined) to.genl('ethtool', group.set, (out) => encode(out, { devIndex }));
  }
  writeFiles(dev, [...last, ...queueWrites(before, after)], to);
}

type FileWrite = readonly [file: string, text: string];

function writeFiles(dev: string, files: readonly FileWrite[], to: OperationSink): void {
  for (const [file, text] of files) to.file('sys', `class/net/${dev}/${file}`, text);
}

function groupOf(spec: Spec, { name }: Group): Spec {
  return (spec[name] ?? {}) as Spec;
}
