// SPDX-License-Identifier: Apache-2.0
// Operators' programs as the API shows them, and the programs of others beside them.
import type { ForeignProgram, ProgramList, ProgramReport } from '../../api/schemas/programs.ts';
import { KernelError } from '../../base/kernel-error.ts';
import type { HookName } from '../../codec/bpf/hooks.ts';
import { targetOf } from '../../codec/bpf/program.ts';
import { lockedBytes } from '../../kernel/bpf/host/limits.ts';
import { using } from '../../kernel/bpf/host/pins.ts';
import { openMap } from '../../kernel/bpf/maps.ts';
import { type ProgramInfo, programInfo } from '../../kernel/bpf/programs.ts';
import { openId } from '../../kernel/bpf/syscall.ts';
import type {
  HookProgram,
  InstalledLink,
  InstalledProgram,
  NamespaceIo,
  ProgramHost,
} from '../../kernel/ports.ts';
import type { Link } from '../../model/link.ts';
import { readLinks } from '../../observe/read.ts';

/** Hooks of devices, which several owners share. */
const SHARED: readonly HookName[] = ['xdp', 'tcx-ingress', 'tcx-egress'];
const MODES: Readonly<Record<number, string>> = { 1: 'native', 2: 'generic', 3: 'offload' };

/** What a report is made with. */
export interface ReportParts {
  readonly programs: ProgramHost;
  readonly pinDir: string;
  open(netns: string): Promise<NamespaceIo>;
}

/** Every program that is pinned, and those of others on the hooks of devices around them. */
export async function programList(parts: ReportParts, measuring: boolean): Promise<ProgramList> {
  const installed = parts.programs.installed();
  const own = new Set(installed.flatMap(({ programs }) => Object.values(programs)));
  const views = await viewsOf(parts, new Set(['', ...installed.map(({ netns }) => netns)]));
  return {
    timestamp: Date.now(),
    measuring,
    items: installed.map((one) => reportOf(one, parts.pinDir, views.get(one.netns))),
    foreign: [...views.values()].flatMap((view) => foreignIn(view, own)),
  };
}

/** The hooks of one device, in the order in which they run. */
interface Hooks {
  readonly link: Link;
  readonly programs: ReadonlyMap<HookName, readonly HookProgram[]>;
}

interface View {
  readonly netns: string;
  readonly devices: ReadonlyMap<string, Hooks>;
}

async function viewsOf(
  { programs, open }: ReportParts,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, View>> {
  const views = new Map<string, View>();
  for (const netns of names) {
    const io = await open(netns).catch(() => undefined);
    if (io === undefined) continue;
    const devices = new Map<string, Hooks>();
    for (const link of await readLinks(io)) devices.set(link.ifname, await hooksOf(programs, io, link));
    views.set(netns, { netns, devices });
  }
  return views;
}

async function hooksOf(programs: ProgramHost, io: NamespaceIo, link: Link): Promise<Hooks> {
  const found = new Map<HookName, readonly HookProgram[]>();
  for (const hook of SHARED) {
    if (hook === 'xdp' && link.xdp === undefined) continue;
    try {
      found.set(hook, await programs.onHook(io, link.ifindex, hook));
    } catch (error) {
      // a kernel without tcx, a device that has just gone
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return { link, programs: found };
}

function reportOf(one: InstalledProgram, pinDir: string, view: View | undefined): ProgramReport {
  const functions = Object.entries(one.programs).flatMap(([name, id]) =>
    describe('PROG', id, (fd) => ({ info: functionOf(name, programInfo(fd)), bytes: lockedBytes(fd) })),
  );
  const maps = Object.entries(one.maps).flatMap(([name, id]) =>
    describe('MAP', id, (fd) => ({ name, id, max_entries: openMap(fd).maxEntries, bytes: lockedBytes(fd) })),
  );
  const bytes = [...functions, ...maps].reduce((sum, part) => sum + part.bytes, 0);
  return {
    name: one.name,
    netns: one.netns,
    state: one.state,
    ...(one.object && { digest: one.object.digest }),
    functions: functions.map(({ info }) => info),
    maps,
    attachments: one.links.map((link) => attachmentOf(link, view)),
    bytes,
    pins: `${pinDir}/programs/${one.name}`,
  };
}

function functionOf(name: string, { id, tag, instructions, runCount, runTime }: ProgramInfo) {
  return { name, id, tag, instructions, runs: Number(runCount), nanoseconds: Number(runTime) };
}

/** Of an object that may go any time. */
function describe<T>(what: 'PROG' | 'MAP', id: number, as: (fd: number) => T): readonly T[] {
  const fd = openId(what, id);
  return fd === undefined ? [] : [using(fd, as)];
}

function attachmentOf({ attachment, link, attached }: InstalledLink, view: View | undefined) {
  const { program, hook } = attachment;
  const hooks = view?.devices.get(attachment.dev ?? '');
  const mode = hook === 'xdp' ? MODES[hooks?.link.xdp?.mode ?? 0] : undefined;
  const place = hook === 'xdp' ? -1 : (hooks?.programs.get(hook) ?? []).findIndex((one) => one.link === link);
  return {
    program,
    hook,
    target: targetOf(attachment),
    attached,
    link,
    ...(mode !== undefined && { mode }),
    ...(mode === 'generic' && attachment.mode === undefined && { fallback: true }),
    ...(place >= 0 && { position: place + 1 }),
  };
}

function foreignIn({ netns, devices }: View, own: ReadonlySet<number>): readonly ForeignProgram[] {
  return [...devices].flatMap(([dev, { programs }]) =>
    [...programs].flatMap(([hook, list]) =>
      list.flatMap(({ program: id }, i) =>
        own.has(id)
          ? []
          : describe('PROG', id, programInfo).map(({ name, runCount, runTime }) => ({
              netns,
              dev,
              hook,
              position: i + 1,
              id,
              name,
              runs: Number(runCount),
              nanoseconds: Number(runTime),
            })),
      ),
    ),
  );
}
