// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { messageOf } from '../../base/errors.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { given, present } from '../fields.ts';
import { DeviceName } from '../link/setting.ts';
import type { Complain, Declared, ObjectClass, Requirement } from '../object-class.ts';
import { CLASS_ID_PATTERN, canonicalHandle } from '../qdisc/handle.ts';
import { Actions, actionKind, canonicalAction } from './action/actions.ts';
import { ClassId, classIdNumber, HOOKS, Parent, renderClassId, renderParent } from './class-id.ts';
import { FILTER_KINDS, filterKind } from './kinds.ts';
import { type OwnedProgram, ownedProgramIn } from './owned-program.ts';
import { Protocol, protocolNumber, renderProtocol } from './protocol.ts';
import { writeFilter } from './write.ts';

/** An item of `filters`. */
export const FilterItem = Type.Object(
  {
    dev: DeviceName('Device whose packets are looked at'),
    parent: Parent,
    under: Type.Optional(
      Type.String({
        description:
          'Where the qdisc of the parent stands: ingress where that is not a clsact, root or a class where the qdisc ' +
          'makes its classes itself as prio does; without it `classid` is a class that is declared',
        pattern: `^(root|ingress)$|${CLASS_ID_PATTERN}`,
      }),
    ),
    chain: Type.Optional(
      Type.Integer({ description: 'Chain, 0 when absent', minimum: 0, maximum: 0x0fff_ffff }),
    ),
    priority: Type.Integer({
      description: 'Place in the order of filters, from 1; each has one of its own',
      minimum: 1,
      maximum: 0xffff,
    }),
    protocol: Type.Optional(Protocol('Ethernet protocol of the packets, all when absent')),
    kind: Type.Enum(
      FILTER_KINDS.map(({ kind }) => kind),
      { description: 'How packets are recognised' },
    ),
    ...Object.fromEntries(FILTER_KINDS.map(({ kind, schema }) => [kind, Type.Optional(schema)])),
    classid: Type.Optional(ClassId('Class that packets go to: "1:10"')),
    actions: Type.Optional(Actions),
  },
  { additionalProperties: false, description: 'A traffic filter with what is done to packets that match' },
);

type FilterHead = Static<typeof FilterItem> & Spec;

/**
 * Traffic filters (net/sched/cls_api.c tc_new_tfilter()). Identity is device, parent, chain and priority: there is one
 * filter of a priority, and so handles, which the kernel chooses, need not be declared. Most kinds cannot be changed in
 * place: a filter that differs is replaced.
 */
export const filter: ObjectClass = {
  name: 'filter',
  section: { document: 'Network', name: 'filters', schema: FilterItem },
  compare: 'whole',
  declare: (item, complain) => declareFilter(item as FilterHead, complain),
  item: (spec) => spec,
  key: ({ dev, parent, chain, priority }) =>
    `dev ${dev} parent ${parent}${chain === undefined ? '' : ` chain ${chain}`} priority ${priority}`,
  needs,
  requires,
  // Where the qdisc stands is found by its handle.
  agrees: (field, declared) => field === 'under' && declared === undefined,
  fixed: (before, after, differing) => (isNewVersion(before, after, differing) ? [] : differing),
  write: writeFilter,
  describe: (spec) => `filter ${spec['kind']} ${filter.key(spec)}`,
};

function declareFilter(item: FilterHead, complain: Complain): readonly Declared[] {
  const protocol = renderProtocol(protocolNumber(item.protocol ?? 'all'));
  const settings = declareSettings(item, protocol, complain);
  const actions = item['actions'] as readonly Spec[] | undefined;
  const spec = filterSpec({
    ...item,
    protocol,
    parent: renderParent(classIdNumber(item.parent)),
    under: given(item.under, canonicalHandle),
    classid: given(item.classid, (id) => renderClassId(classIdNumber(id))),
    [item.kind]: settings,
    actions: actions?.map((action, i) =>
      canonicalAction(action, (path, problem) => complain(`actions.${i}.${path}`, problem)),
    ),
  });
  return [{ class: 'filter', spec, path: '' }];
}

function declareSettings(item: FilterHead, protocol: unknown, complain: Complain): Spec {
  for (const { kind } of FILTER_KINDS)
    if (kind !== item.kind && item[kind] !== undefined)
      complain(kind, `belongs to filters of kind ${kind}: set \`kind: ${kind}\` or leave it out`);
  const kind = filterKind(item.kind);
  const settings = item[item.kind] as Spec | undefined;
  if (settings === undefined && kind?.required === true)
    complain(item.kind, 'is missing: it has the settings');
  const within: Complain = (path, problem) => complain(`${item.kind}.${path}`, problem);
  try {
    return kind?.canonical?.(settings ?? {}, protocol, within) ?? settings ?? {};
  } catch (error) {
    complain(item.kind, messageOf(error));
    return {};
  }
}

/** The canonical order and form of a filter whose settings and actions are canonical. */
export function filterSpec(fields: Spec): Spec {
  const { dev, parent, under, chain, priority, protocol, classid, actions, other } = fields;
  const kind = String(fields['kind']);
  const settings = (fields[kind] ?? {}) as Spec;
  return present({
    dev,
    parent,
    under: under === 'clsact' ? undefined : under,
    chain: chain === 0 ? undefined : chain,
    priority,
    protocol,
    kind,
    [kind]: Object.keys(settings).length === 0 ? undefined : settings,
    classid,
    actions: (actions as readonly Spec[] | undefined)?.length === 0 ? undefined : actions,
    other,
  });
}

function needs(spec: Spec): readonly Ref[] {
  const devices = new Set([spec['dev'], ...actionsOf(spec).map(targetOf)]);
  const links = [...devices].filter((name) => name !== undefined).map((name) => ref('link', name));
  const { dev, parent, under, classid } = spec;
  const owned = ownedProgramOf(spec);
  if (owned !== undefined) links.push(ref('program', owned.of));
  const hook = HOOKS[String(parent)] !== undefined;
  if (!hook && under === undefined && classid !== undefined)
    return [...links, ref('class', `dev ${dev} ${classid}`)];
  return [...links, ref('qdisc', `dev ${dev} parent ${under ?? (hook ? 'clsact' : 'root')}`)];
}

/** The program of a document that the filter runs. */
function ownedProgramOf(spec: Spec): OwnedProgram | undefined {
  return ownedProgramIn((spec['bpf'] as Spec | undefined)?.['pinned']);
}

/** One program takes the place of another without a gap (net/sched/cls_bpf.c cls_bpf_change()). */
function isNewVersion(before: Spec, after: Spec, differing: readonly string[]): boolean {
  const [was, is] = [ownedProgramOf(before), ownedProgramOf(after)];
  return was !== undefined && is !== undefined && differing.every((name) => name === 'bpf');
}

const ref = (name: Ref['class'], key: unknown): Ref => ({ class: name, key: String(key) });

const targetOf = (action: Spec) => (action['mirred'] as Spec | undefined)?.['dev'];

/** The actions of a filter. */
export function actionsOf(spec: Spec): readonly Spec[] {
  return (spec['actions'] ?? []) as readonly Spec[];
}

function requires(spec: Spec): readonly Requirement[] {
  const own = filterKind(spec['kind']);
  const kinds = actionsOf(spec).flatMap((action) => actionKind(action['kind']) ?? []);
  return [
    ...(own === undefined ? [] : [{ feature: `filter ${own.kind}`, config: own.config }]),
    ...kinds.map(({ kind, config }) => ({ feature: `action ${kind}`, config })),
  ];
}
