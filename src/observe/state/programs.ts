// SPDX-License-Identifier: Apache-2.0
import type { ProgramAttachment } from '../../codec/bpf/program.ts';
import type { HookProgram, InstalledLink, InstalledProgram } from '../../kernel/ports.ts';
import { attachment, neighbourIn } from '../../kinds/program/attachment.ts';
import { programSpec, unsureProgram } from '../../kinds/program/program.ts';
import type { Spec } from '../../model/object.ts';
import { type ClassReader, isWanted, type ReadContext } from './class-reader.ts';

/** XDP_ATTACHED_* (include/uapi/linux/if_link.h). */
const MODES: Readonly<Record<number, string>> = { 1: 'native', 2: 'generic', 3: 'offload' };

/** Operators' programs that are pinned. An export has none: nothing tells where their objects can be had. */
export const programReader: ClassReader = {
  class: 'program',
  async read({ io, programs }, { keys }, found) {
    if (keys.size === 0) return;
    for (const one of programs.installed(io.netns.name)) if (keys.has(one.name)) found(specOf(one));
  },
};

/** Where these are attached. */
export const attachmentReader: ClassReader = {
  class: 'attachment',
  async read(context, want, found) {
    if (want.keys.size + want.onLinks.size === 0) return;
    const { io, programs } = context;
    const installed = programs.installed(io.netns.name);
    for (const { links } of installed)
      for (const link of links) {
        const { attachment: asked } = link;
        if (!isWanted(want, attachment.key(asked as unknown as Spec), asked.dev)) continue;
        if (isInPlace(context, link)) found(await attachmentSpec(context, link, installed));
      }
  },
};

function specOf({ name, state, object }: InstalledProgram): Spec {
  return state === 'whole' && object !== undefined
    ? programSpec(object)
    : unsureProgram(name, state === 'whole' ? 'unknown' : state);
}

/** False when it hangs on nothing, or on another device than the one that has the name now. */
function isInPlace(
  { indexOf }: ReadContext,
  { attachment: { dev }, attached, ifindex }: InstalledLink,
): boolean {
  return attached && (dev === undefined || indexOf(dev) === ifindex);
}

async function attachmentSpec(
  context: ReadContext,
  link: InstalledLink,
  installed: readonly InstalledProgram[],
): Promise<Spec> {
  const { mode: _, order, ...rest } = link.attachment;
  const mode = rest.hook === 'xdp' ? xdpMode(context, link.ifindex) : undefined;
  const holds = order === undefined || (await isInOrder(context, link, installed));
  return {
    ...rest,
    ...(mode !== undefined && { mode }),
    ...(order !== undefined && { order: holds ? order : '(disturbed)' }),
  };
}

function xdpMode({ links }: ReadContext, ifindex: number): string | undefined {
  return MODES[links.row(ifindex)?.link.xdp?.mode ?? 0];
}

/** True when the link stands where it was asked to stand among the others of its hook. */
async function isInOrder(
  { io, programs }: ReadContext,
  { attachment: asked, ifindex, link }: InstalledLink,
  installed: readonly InstalledProgram[],
): Promise<boolean> {
  const there = await programs.onHook(io, ifindex, asked.hook);
  const at = placeOf(there, link);
  if (asked.order === 'first') return at === 0;
  if (asked.order === 'last') return at === there.length - 1;
  const other = placeOf(there, linkOf(installed, asked, ifindex));
  const isBefore = typeof asked.order === 'object' && 'before' in asked.order;
  return other >= 0 && (isBefore ? at < other : at > other);
}

function placeOf(there: readonly HookProgram[], link: number | undefined): number {
  return there.findIndex((one) => one.link === link);
}

/** The link of the program that an order speaks of. */
function linkOf(
  installed: readonly InstalledProgram[],
  { order, hook }: ProgramAttachment,
  ifindex: number,
): number | undefined {
  const other = installed.find(({ name }) => name === neighbourIn(order));
  return other?.links.find((one) => one.attachment.hook === hook && one.ifindex === ifindex)?.link;
}
