// SPDX-License-Identifier: Apache-2.0
// Loads, attaches and pins telemetry programs, or takes up those that an earlier agent left. Runs in a thread of its own:
// libbpf and the kernel's BTF take tens of milliseconds and megabytes, once.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, WeirError } from '../../base/errors.ts';
import { BTF_KIND, Btf } from '../../codec/bpf/btf.ts';
import { isOnBpffs } from '../../kernel/bpf/bpffs.ts';
import { attachTracepoint, linkInfo } from '../../kernel/bpf/links.ts';
import { type LoadedObject, loadObject } from '../../kernel/bpf/load.ts';
import { openMap } from '../../kernel/bpf/maps.ts';
import { dropReasonNames } from '../../programs/drop-reasons.ts';
import { enumNames } from '../../programs/enum-names.ts';
import { TELEMETRY } from '../../programs/registry.ts';
import type { Runs, TelemetryHook, TelemetryProgram } from '../../programs/telemetry-program.ts';
import { probeBpf } from './features.ts';
import type { LoadedProgram, LoadRequest, LoadResult, RunningProgram } from './messages.ts';
import { closeAll, makePins, openPins, type Pinned, removeOtherPins, telemetryPins } from './pins.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';

/** Never throws: what does not work is a part of the result. */
export function loadTelemetry(request: LoadRequest): LoadResult {
  const vmlinux = kernelTypes();
  const pinDir = bpffsDir(request.pinDir);
  const chosen = TELEMETRY.filter(({ name }) => request.programs.has(name));
  const programs = chosen.map((program) => loadOne(program, request, vmlinux, pinDir));
  if (pinDir !== undefined) {
    const kept = programs.flatMap((one) => (one.running && one.pins !== undefined ? [one.pins] : []));
    removeOtherPins(pinDir, new Set(kept));
  }
  const btf = vmlinux instanceof Btf ? vmlinux : undefined;
  return {
    programs,
    features: probeBpf(vmlinux, request.pinDir),
    dropReasons: dropReasonNames(btf),
    resetReasons: enumNames(btf, 'sk_rst_reason', /^SK_RST_REASON_/),
  };
}

/** The kernel's own BTF, or why there is none. */
function kernelTypes(): Btf | string {
  try {
    return new Btf(readFileSync(VMLINUX));
  } catch (error) {
    return `the kernel does not describe its types in ${VMLINUX} (CONFIG_DEBUG_INFO_BTF): ${messageOf(error)}`;
  }
}

/** Undefined where nothing can be pinned: programs then live as long as the agent. */
function bpffsDir(pinDir: string): string | undefined {
  try {
    return isOnBpffs(pinDir) ? pinDir : undefined;
  } catch {
    return undefined;
  }
}

function loadOne(
  program: TelemetryProgram,
  request: LoadRequest,
  vmlinux: Btf | string,
  pinDir: string | undefined,
): LoadedProgram {
  const { name } = program;
  try {
    if (typeof vmlinux === 'string')
      throw new WeirError('BPF_FEATURE', { feature: 'eBPF', problem: vmlinux });
    const object = readFileSync(join(request.objects, `${name}.bpf.o`));
    const hooks = program.hooks.filter(({ tracepoint }) => hasTracepoint(vmlinux, tracepoint));
    const missing = program.hooks.filter((hook) => !hooks.includes(hook));
    const fatal = missing.find(({ without }) => without === undefined);
    if (fatal !== undefined)
      throw new WeirError('BPF_FEATURE', {
        feature: `telemetry "${name}"`,
        problem: `the kernel has no tracepoint ${fatal.tracepoint}`,
      });
    const without = missing.flatMap(({ without: lost = [] }) => lost);
    const directory =
      pinDir === undefined || runsOf(program, request) === 'on-demand'
        ? undefined
        : join(telemetryPins(pinDir), `${name}-${digestOf(object, program, request, hooks)}`);
    return { ...start(program, object, hooks, request, directory), without };
  } catch (error) {
    return { name, running: false, problem: messageOf(error) };
  }
}

/** When it runs here: as the settings say, or as it does by itself. */
function runsOf({ name, runs }: TelemetryProgram, { programs }: LoadRequest): Runs {
  return programs.get(name) ?? runs;
}

function start(
  program: TelemetryProgram,
  object: Uint8Array,
  hooks: readonly TelemetryHook[],
  request: LoadRequest,
  directory: string | undefined,
): Omit<RunningProgram, 'without'> {
  const found = directory === undefined ? undefined : takeUp(directory);
  const { maps, programs, links } = found ?? loaded(program, object, hooks, request, directory);
  return {
    name: program.name,
    running: true,
    runs: runsOf(program, request),
    hooks: hooks.map((hook) => hook.program),
    reused: found !== undefined,
    ...(directory === undefined ? {} : { pins: directory }),
    maps: Object.fromEntries(program.maps.map((name) => [name, maps.get(name) as number])),
    programs: Object.fromEntries(programs),
    links: [...links.values()],
  };
}

/** What an earlier agent left, if all of it is there and attached; else it is removed. */
function takeUp(directory: string): Pinned | undefined {
  const found = openPins(directory);
  if (found === undefined || [...found.links.values()].every((link) => linkInfo(link).program !== 0))
    return found;
  closeAll(Object.values(found).flatMap((descriptors) => [...descriptors.values()]));
  rmSync(directory, { recursive: true });
  return undefined;
}

/** Load, fill, attach what runs always, and pin; nothing stays when one of it fails. */
function loaded(
  program: TelemetryProgram,
  bytes: Uint8Array,
  hooks: readonly TelemetryHook[],
  request: LoadRequest,
  directory: string | undefined,
): Pinned {
  const { settings } = request;
  const object = loadObject(bytes, {
    name: program.name,
    programs: [...hooks.map((hook) => hook.program), ...(program.sockets ?? [])],
    variables: program.variables(settings),
    maxEntries: program.sizes?.(settings) ?? {},
  });
  const links = new Map<string, number>();
  try {
    fill(program, object, settings);
    const attach = runsOf(program, request) === 'always' ? hooks : [];
    for (const { program: name } of attach)
      links.set(name, attachTracepoint(object.programs.get(name) as number));
    const maps = new Map(program.maps.map((name) => [name, object.maps.get(name) as number]));
    const all = { maps, programs: object.programs, links };
    if (directory !== undefined) makePins(directory, all);
    return all;
  } catch (error) {
    closeAll([...links.values(), ...object.programs.values(), ...object.maps.values()]);
    throw error;
  }
}

function fill(program: TelemetryProgram, { maps }: LoadedObject, settings: LoadRequest['settings']): void {
  for (const { map, entries } of program.prefill?.(settings) ?? []) {
    const target = openMap(maps.get(map) as number);
    for (const [key, value] of entries) target.update(key, value);
  }
}

/** Programs of tracepoints are told from each other by BTF's name for the type of their arguments. */
function hasTracepoint(vmlinux: Btf, tracepoint: string): boolean {
  return vmlinux.find(BTF_KIND.TYPEDEF, `btf_trace_${tracepoint}`) !== undefined;
}

/** Tells apart what would count differently: another object, other settings of it, other hooks. */
function digestOf(
  object: Uint8Array,
  program: TelemetryProgram,
  { settings }: LoadRequest,
  hooks: readonly TelemetryHook[],
): string {
  const fills = program.prefill?.(settings) ?? [];
  const how = [
    Object.entries(program.variables(settings)).map(([name, value]) => [name, String(value)]),
    program.sizes?.(settings) ?? {},
    fills.map(({ map, entries }) => [map, entries.map((entry) => entry.map((bytes) => [...bytes]))]),
    hooks.map((hook) => hook.program),
  ];
  return createHash('sha256').update(object).update(JSON.stringify(how)).digest('hex').slice(0, 16);
}
