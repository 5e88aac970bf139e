// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  encodeTcAttrs,
  encodeTcmsg,
  RTM_DELQDISC,
  RTM_NEWQDISC,
  type TcOptionsMsg,
} from '../../codec/generated/tc.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { DeviceName } from '../link/setting.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';
import { canonicalOptions, DECLARED_QDISCS, declaredQdisc, optionAttributes } from './declared.ts';
import { CLASS_ID_PATTERN, canonicalHandle, HANDLE_PATTERN, majorOf, parseHandle } from './handle.ts';
import { closed, foreignOptions } from './item.ts';

/** A parent that is no class. */
const PLACE = /^(root|ingress|clsact)$/;

const Block = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 1, maximum: 0xffff_ffff }));

/** An item of `qdiscs`. */
export const QdiscItem = Type.Object(
  {
    dev: DeviceName('Device whose packets wait in it'),
    parent: Type.Optional(
      Type.String({
        description: 'Where it stands: root (when absent), ingress, clsact or a class (1:10)',
        pattern: `^(root|ingress|clsact)$|${CLASS_ID_PATTERN}`,
      }),
    ),
    under: Type.Optional(
      Type.String({
        description:
          'Where the qdisc of the parent stands, when that makes its classes itself as mq and prio do; ' +
          'without it the parent is a class that is declared',
        pattern: `^root$|${CLASS_ID_PATTERN}`,
      }),
    ),
    handle: Type.Optional(
      Type.String({
        description: 'Its name on the device, hexadecimal: 1:; chosen by the kernel when absent',
        pattern: HANDLE_PATTERN,
      }),
    ),
    kind: Type.Enum(
      DECLARED_QDISCS.map(({ kind }) => kind),
      { description: 'Kind of the queueing discipline' },
    ),
    ingress_block: Block('Number of the shared block of filters for what comes in (ingress, clsact)'),
    egress_block: Block('The same for what leaves (clsact)'),
    ...closed(DECLARED_QDISCS, 'Settings of'),
  },
  { additionalProperties: false, description: 'A queueing discipline of a device' },
);

/**
 * Qdiscs (net/sched/sch_api.c tc_modify_qdisc()). Identity is the place: there is one at each. The kernel's default one,
 * whose handle is 0:, is nobody's: it makes way, and comes back. Settings stand under the kind's name.
 */
export const qdisc: ObjectClass = {
  name: 'qdisc',
  section: { document: 'Network', name: 'qdiscs', schema: QdiscItem },
  compare: 'declared',
  identity: ['dev', 'parent', 'under', 'handle'],
  lasting: true,
  declare,
  item: (spec) => spec,
  key: (spec) => `dev ${spec['dev']} parent ${spec['parent']}`,
  needs,
  requires: (spec) => {
    const kind = declaredQdisc(spec['kind']);
    return kind && { feature: `qdisc ${kind.kind}`, config: kind.config };
  },
  fixed,
  write,
  describe: (spec) => `qdisc ${spec['kind']} dev ${spec['dev']} parent ${spec['parent']}`,
};

const isPlace = (kind: unknown) => declaredQdisc(kind)?.place !== undefined;

function declare(item: Spec, complain: Complain): readonly Declared[] {
  const kind = declaredQdisc(item['kind']);
  if (kind === undefined) return [];
  foreignOptions(DECLARED_QDISCS, item, complain);
  const parent =
    item['parent'] === undefined ? (kind.place ?? 'root') : canonicalHandle(String(item['parent']));
  checkPlace(item, parent, kind.place, complain);
  const given = item[kind.kind] as Spec | undefined;
  const own = canonicalOptions(kind, given ?? {}, (name, problem) =>
    complain(`${kind.kind}.${name}`, problem),
  );
  const spec = present({
    dev: item['dev'],
    parent,
    under: item['under'] && canonicalHandle(String(item['under'])),
    handle: kind.place === undefined && item['handle'] ? canonicalHandle(String(item['handle'])) : undefined,
    kind: kind.kind,
    ingress_block: item['ingress_block'],
    egress_block: item['egress_block'],
    [kind.kind]: given && own,
  });
  return [{ class: 'qdisc', spec, path: '' }];
}

function checkPlace(item: Spec, parent: string, place: string | undefined, complain: Complain): void {
  if (place === undefined && (parent === 'ingress' || parent === 'clsact'))
    complain('parent', `is for the kind ${parent} only: leave it out or name a class`);
  if (place !== undefined && parent !== place) complain('parent', `must be ${place}: leave it out`);
  if (place !== undefined && item['handle'] !== undefined && parseHandle(String(item['handle'])) !== INGRESS)
    complain('handle', 'is always ffff: here: leave it out');
  if (item['handle'] !== undefined && parseHandle(String(item['handle'])) === 0)
    complain('handle', 'is that of the default one: take another, such as 1:');
  if (PLACE.test(parent) && item['under'] !== undefined)
    complain('under', 'goes only with a class as parent');
  if (place === undefined && item['ingress_block'] !== undefined)
    complain('ingress_block', 'is for ingress and clsact only: leave it out');
  if (place !== 'clsact' && item['egress_block'] !== undefined)
    complain('egress_block', 'is for clsact only: leave it out');
}

const INGRESS = 0xffff_0000;

function needs(spec: Spec): readonly Ref[] {
  const [dev, parent, under] = [spec['dev'], String(spec['parent']), spec['under']];
  const link: Ref = { class: 'link', key: String(dev) };
  if (under !== undefined) return [link, { class: 'qdisc', key: `dev ${dev} parent ${under}` }];
  // Classes of the kernel's own mq have no major number.
  if (PLACE.test(parent) || majorOf(parent) === ':') return [link];
  return [link, { class: 'class', key: `dev ${dev} ${parent}` }];
}

function fixed(_before: Spec, after: Spec, differing: readonly string[]): readonly string[] {
  const kind = declaredQdisc(after['kind']);
  if (differing.includes('kind')) return ['kind'];
  return differing.filter((field) => {
    const [group, name = ''] = field.split('.');
    return group !== kind?.kind || kind?.settings[name]?.fixed === true;
  });
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as Spec;
  const tcmIfindex = to.ifindex(String(spec['dev']));
  const kind = String(spec['kind']);
  const shape = declaredQdisc(kind);
  const [own, was] = [spec, before].map((one) => one && ((one[kind] ?? {}) as Spec)) as [
    Spec,
    Spec | undefined,
  ];
  const data = shape && optionAttributes(shape, own, op === 'change' ? was : undefined);
  const options = data && Object.keys(data).length > 0 ? ({ kind, ...data } as TcOptionsMsg) : undefined;
  const type = op === 'remove' ? RTM_DELQDISC : RTM_NEWQDISC;
  to.rtnl(type, op === 'create' ? NLM_F_CREATE | NLM_F_EXCL : 0, (out) => {
    encodeTcmsg(out, {
      tcmIfindex,
      tcmParent: parseHandle(String(spec['parent'])),
      tcmHandle: handleOf(spec),
    });
    if (op === 'remove') return;
    encodeTcAttrs(out, {
      kind,
      ...(options && { options }),
      ...(spec['ingress_block'] !== undefined && { ingressBlock: spec['ingress_block'] as number }),
      ...(spec['egress_block'] !== undefined && { egressBlock: spec['egress_block'] as number }),
    });
  });
}

function handleOf(spec: Spec): number {
  if (isPlace(spec['kind'])) return INGRESS;
  return spec['handle'] === undefined ? 0 : parseHandle(String(spec['handle']));
}
