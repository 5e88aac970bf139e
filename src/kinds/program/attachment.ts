// SPDX-License-Identifier: Apache-2.0
import { HOOKS, type HookName } from '../../codec/bpf/hooks.ts';
import { type HookOrder, type ProgramAttachment, targetOf } from '../../codec/bpf/program.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { filterSpec } from '../filter/filter.ts';
import { ownedProgramName } from '../filter/owned-program.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';
import type { AttachmentItem } from './schema.ts';

/** What says on which thing, by the hook's place. */
const TARGETS = {
  device: 'devices',
  cgroup: 'cgroup',
  tracepoint: 'tracepoint',
  function: 'function',
} as const;

/**
 * One function of a program on one hook of a device, a cgroup, a tracepoint or a function of the kernel: a link, pinned so that it outlives the agent.
 * Another function or another version of the object takes its place without a gap; mode and order belong to the link.
 */
export const attachment: ObjectClass = {
  name: 'attachment',
  compare: 'whole',
  key: (spec) => keyOf(spec as unknown as ProgramAttachment),
  needs,
  // `auto` is whatever the driver can
  agrees: (field, declared) => field === 'mode' && declared === undefined,
  fixed: (_before, _after, differing) => differing.filter((name) => name === 'mode' || name === 'order'),
  write,
  describe: (spec) => {
    const one = spec as unknown as ProgramAttachment;
    return `program ${one.of} function ${one.program} on ${one.hook} ${targetOf(one)}`.trimEnd();
  },
};

/** `guard tcx-ingress eth0`: one function of a document on one hook of one thing. */
function keyOf(one: ProgramAttachment): string {
  return `${one.of} ${one.hook} ${targetOf(one)}`;
}

function needs(spec: Spec): readonly Ref[] {
  const { of, hook, dev, order } = spec as unknown as ProgramAttachment;
  const refs: Ref[] = [{ class: 'program', key: of }];
  if (dev !== undefined) refs.push({ class: 'link', key: dev });
  const other = neighbourIn(order);
  if (other !== undefined) refs.push({ class: 'attachment', key: `${other} ${hook} ${dev}` });
  return refs;
}

/** The program that an order speaks of. */
export function neighbourIn(order: ProgramAttachment['order']): string | undefined {
  if (typeof order !== 'object') return undefined;
  return 'before' in order ? order.before : order.after;
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const one = (after ?? before) as unknown as ProgramAttachment;
  if (op === 'remove') to.program({ op: 'detach', attachment: one });
  else
    to.program({ op: 'attach', attachment: one, ifindex: one.dev === undefined ? 0 : to.ifindex(one.dev) });
}

/** The objects of the list `attach`. A selector is taken for the devices that it was found to mean. */
export function declareAttachments(
  of: string,
  version: string,
  items: readonly AttachmentItem[],
  complain: Complain,
): readonly Declared[] {
  return items.flatMap((item, i): readonly Declared[] => {
    const at = `attach.${i}`;
    const problem = problemOf(item);
    if (problem !== undefined) complain(`${at}.${problem.field}`, problem.problem);
    if (problem !== undefined) return [];
    const { program, hook, devices, mode, order, tracepoint, cgroup } = item;
    if (item.hook.startsWith('clsact-'))
      return (devices ?? []).map((dev) => ({
        class: 'filter',
        spec: clsactFilter(of, version, item, dev),
        path: at,
      }));
    const rest = present({
      of,
      program,
      hook,
      mode: mode === 'auto' ? undefined : mode,
      order: order as HookOrder | undefined,
      tracepoint,
      function: item.function,
      cgroup: cgroup?.replace(/\/+$/, ''),
    });
    const targets = HOOKS[hook as HookName].place === 'device' ? (devices ?? []) : [undefined];
    return targets.map((dev) => ({
      class: 'attachment' as const,
      spec: present({ ...rest, dev }),
      path: at,
    }));
  });
}

/** A program on clsact is a filter, with the program's version in its name. */
function clsactFilter(of: string, version: string, item: AttachmentItem, dev: string): Spec {
  return filterSpec({
    dev,
    parent: item.hook.slice('clsact-'.length),
    priority: item.priority ?? 100,
    protocol: 'all',
    kind: 'bpf',
    bpf: { pinned: ownedProgramName({ of, program: item.program }, version), direct_action: true },
  });
}

interface Problem {
  readonly field: string;
  readonly problem: string;
}

function problemOf(item: AttachmentItem): Problem | undefined {
  const { place } = HOOKS[item.hook as HookName];
  for (const [other, field] of Object.entries(TARGETS))
    if (other !== place && item[field] !== undefined)
      return {
        field,
        problem: `is for hooks of a ${other}, and ${item.hook} is one of a ${place}: leave it out`,
      };
  if (place !== 'device' && item.select !== undefined)
    return {
      field: 'select',
      problem: `is for hooks of a device, and ${item.hook} is one of a ${place}: leave it out`,
    };
  if (place === 'device' && item.devices === undefined && item.select === undefined)
    return { field: 'devices', problem: 'is missing: name devices, or `select` them' };
  if (place === 'cgroup' && item.cgroup === undefined)
    return { field: 'cgroup', problem: 'is missing: name the directory of the cgroup' };
  if (place === 'tracepoint' && item.tracepoint === undefined)
    return { field: 'tracepoint', problem: 'is missing: name the tracepoint' };
  if (place === 'function' && item.function === undefined)
    return { field: 'function', problem: 'is missing: name the function of the kernel' };
  if (item.mode !== undefined && item.hook !== 'xdp')
    return { field: 'mode', problem: 'is for the hook xdp: leave it out' };
  if (item.priority !== undefined && !item.hook.startsWith('clsact-'))
    return { field: 'priority', problem: 'is for the hooks clsact-ingress and clsact-egress: leave it out' };
  if (item.order !== undefined && !item.hook.startsWith('tcx-'))
    return { field: 'order', problem: 'is for the hooks tcx-ingress and tcx-egress: leave it out' };
  return undefined;
}
