// SPDX-License-Identifier: Apache-2.0
import { closeSync, readFileSync } from 'node:fs';
import { Btf } from '../../src/codec/bpf/btf.ts';
import { attachTracepoint } from '../../src/kernel/bpf/links.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { kernelSymbols } from '../../src/kernel/kallsyms.ts';
import type { TelemetryMaps } from '../../src/observe/telemetry/telemetry.ts';
import { dropReasonNames } from '../../src/programs/drop-reasons.ts';
import { enumNames } from '../../src/programs/enum-names.ts';
import type { TelemetryProgram, TelemetrySettings } from '../../src/programs/telemetry-program.ts';

/** A telemetry program that runs, without an agent. */
export interface RunningTelemetry extends Disposable {
  readonly maps: TelemetryMaps;
  /** Descriptors of its programs by function name. */
  readonly programs: ReadonlyMap<string, number>;
}

const symbols = kernelSymbols();

/** Every event is looked at. */
export const EVERY_EVENT: TelemetrySettings = {
  sampling: 1,
  flightRecorder: { packets: 64 },
  peerGroups: {},
};

let names: Pick<TelemetryMaps, 'dropReasons' | 'resetReasons'> | undefined;

function reasons() {
  const btf = new Btf(readFileSync('/sys/kernel/btf/vmlinux'));
  names ??= {
    dropReasons: dropReasonNames(btf),
    resetReasons: enumNames(btf, 'sk_rst_reason', /^SK_RST_REASON_/),
  };
  return names;
}

/** A telemetry program that is loaded and counts nothing until it is attached. */
export interface LoadedTelemetry extends RunningTelemetry {
  /** Until what is returned is disposed of. */
  attach(): Disposable;
}

/** Load and attach `program`; without a pin, so that it is gone when it is disposed of. */
export function runTelemetry(program: TelemetryProgram, settings = EVERY_EVENT): RunningTelemetry {
  const loaded = loadTelemetry(program, settings);
  const attached = loaded.attach();
  return {
    ...loaded,
    [Symbol.dispose]() {
      attached[Symbol.dispose]();
      loaded[Symbol.dispose]();
    },
  };
}

/** Load `program`, ready to be attached. */
export function loadTelemetry(program: TelemetryProgram, settings = EVERY_EVENT): LoadedTelemetry {
  const bytes = readFileSync(new URL(`../../ebpf/build/${program.name}.bpf.o`, import.meta.url));
  const loaded = loadObject(bytes, {
    name: program.name,
    variables: program.variables(settings),
    maxEntries: program.sizes?.(settings) ?? {},
  });
  for (const { map, entries } of program.prefill?.(settings) ?? [])
    for (const [key, value] of entries) openMap(loaded.maps.get(map) as number).update(key, value);
  const maps = new Map([...loaded.maps].map(([name, fd]) => [name, openMap(fd)]));
  return {
    maps: {
      map: (of, name) => (of === program.name ? maps.get(name) : undefined),
      onDemand: () => false,
      watch: () => ({ [Symbol.dispose]: () => {} }),
      problem: () => undefined,
      ...reasons(),
      symbols,
    },
    programs: loaded.programs,
    attach() {
      const links = program.hooks.map(({ program: name }) =>
        attachTracepoint(loaded.programs.get(name) as number),
      );
      return { [Symbol.dispose]: () => links.forEach(closeSync) };
    },
    [Symbol.dispose]() {
      for (const map of maps.values()) map.close();
      for (const fd of loaded.programs.values()) closeSync(fd);
    },
  };
}
