// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  encodeTcAttrs,
  encodeTcmsg,
  RTM_DELTCLASS,
  RTM_NEWTCLASS,
  type TcOptionsMsg,
} from '../../codec/generated/tc.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { DeviceName } from '../link/setting.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';
import { canonicalOptions, DECLARED_QDISCS, declaredQdisc, optionAttributes } from '../qdisc/declared.ts';
import { CLASS_ID_PATTERN, canonicalHandle, HANDLE_PATTERN, majorOf, parseHandle } from '../qdisc/handle.ts';
import { closed, foreignOptions } from '../qdisc/item.ts';

const SHAPES = DECLARED_QDISCS.flatMap(({ kind, classes }) =>
  classes === undefined ? [] : [{ kind, ...classes }],
);

/** An item of `classes`. */
export const ClassItem = Type.Object(
  {
    dev: DeviceName('Device of its qdisc'),
    classid: Type.String({
      description: 'Its name on the device, hexadecimal: 1:10',
      pattern: CLASS_ID_PATTERN,
    }),
    parent: Type.Optional(
      Type.String({
        description: 'Its qdisc (1:, when absent) or the class that it shares with others (1:1)',
        pattern: `${HANDLE_PATTERN}|${CLASS_ID_PATTERN}`,
      }),
    ),
    under: Type.Optional(
      Type.String({
        description: 'Where its qdisc stands: root (when absent) or a class',
        pattern: `^root$|${CLASS_ID_PATTERN}`,
      }),
    ),
    kind: Type.Enum(
      SHAPES.map(({ kind }) => kind),
      { description: 'Kind of its qdisc' },
    ),
    ...closed(SHAPES, 'Settings of a class of'),
  },
  { additionalProperties: false, description: 'A traffic class of a qdisc' },
);

/**
 * Traffic classes (net/sched/sch_api.c tc_ctl_tclass()) of qdiscs that leave these to people. Classes that come with
 * their qdisc are not declared.
 */
export const trafficClass: ObjectClass = {
  name: 'class',
  section: { document: 'Network', name: 'classes', schema: ClassItem },
  compare: 'declared',
  identity: ['dev', 'classid', 'under'],
  lasting: true,
  declare,
  item: (spec) => spec,
  key: (spec) => `dev ${spec['dev']} ${spec['classid']}`,
  needs,
  requires: (spec) => {
    const kind = declaredQdisc(spec['kind']);
    return kind && { feature: `qdisc ${kind.kind}`, config: kind.config };
  },
  // The kernel changes the settings of a class and nothing else.
  fixed: (_before, after, differing) =>
    differing.filter((field) => !field.startsWith(`${after['kind']}.`) && field !== after['kind']),
  write,
  describe: (spec) => `class ${spec['classid']} dev ${spec['dev']}`,
};

function declare(item: Spec, complain: Complain): readonly Declared[] {
  const kind = String(item['kind']);
  const shape = declaredQdisc(kind)?.classes;
  if (shape === undefined) return [];
  foreignOptions(SHAPES, item, complain);
  const classid = canonicalHandle(String(item['classid']));
  const parent = item['parent'] === undefined ? majorOf(classid) : canonicalHandle(String(item['parent']));
  if (majorOf(parent) !== majorOf(classid))
    complain('parent', `must be of the same qdisc: ${majorOf(classid)} or a class of it`);
  if (parent === classid) complain('parent', 'is the class itself');
  const own = canonicalOptions(shape, (item[kind] ?? {}) as Spec, (name, problem) =>
    complain(`${kind}.${name}`, problem),
  );
  const under = item['under'] === undefined ? undefined : canonicalHandle(String(item['under']));
  const spec = present({
    dev: item['dev'],
    classid,
    parent,
    under: under === 'root' ? undefined : under,
    kind,
    [kind]: own,
  });
  return [{ class: 'class', spec, path: '' }];
}

function needs(spec: Spec): readonly Ref[] {
  const { dev, parent, under = 'root' } = spec as Readonly<Record<string, string>>;
  const qdisc: Ref = { class: 'qdisc', key: `dev ${dev} parent ${under}` };
  return parent?.endsWith(':') ? [qdisc] : [qdisc, { class: 'class', key: `dev ${dev} ${parent}` }];
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as Spec;
  const tcmIfindex = to.ifindex(String(spec['dev']));
  const kind = String(spec['kind']);
  const shape = declaredQdisc(kind)?.classes;
  const own = (spec[kind] ?? {}) as Spec;
  const was = op === 'change' ? ((before?.[kind] ?? {}) as Spec) : undefined;
  const options = { kind, ...(shape && optionAttributes(shape, own, was)) } as TcOptionsMsg;
  const type = op === 'remove' ? RTM_DELTCLASS : RTM_NEWTCLASS;
  to.rtnl(type, op === 'create' ? NLM_F_CREATE | NLM_F_EXCL : 0, (out) => {
    encodeTcmsg(out, {
      tcmIfindex,
      tcmHandle: parseHandle(String(spec['classid'])),
      tcmParent: parseHandle(String(spec['parent'])),
    });
    if (op !== 'remove') encodeTcAttrs(out, { kind, options });
  });
}
