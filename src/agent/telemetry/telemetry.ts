// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FeatureInfo } from '../../api/schemas/node.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { openMap } from '../../kernel/bpf/maps.ts';
import { kernelSymbols } from '../../kernel/kallsyms.ts';
import type { BpfMap } from '../../kernel/ports.ts';
import type { TelemetryMaps } from '../../observe/telemetry/telemetry.ts';
import { TELEMETRY } from '../../programs/registry.ts';
import type { Runs } from '../../programs/telemetry-program.ts';
import type { Settings } from '../config/schema.ts';
import type { LoadRequest, LoadResult, RunningProgram } from './messages.ts';
import { OnDemand } from './on-demand.ts';
import { closeAll } from './pins.ts';

/** The thread's program, beside this file: TypeScript when run from the sources, JavaScript when compiled. */
const PROGRAM = new URL(`loader-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
const OBJECTS = fileURLToPath(new URL('../../../ebpf/build', import.meta.url));

/** The eBPF telemetry of this machine, once it is loaded. */
export class Telemetry implements TelemetryMaps {
  readonly symbols = kernelSymbols();
  readonly #request: LoadRequest;
  readonly #maps = new Map<string, BpfMap>();
  readonly #onDemand = new Map<string, OnDemand>();
  #result: LoadResult | undefined;
  #failure: string | undefined;

  /** @throws {WeirError} `CONFIG` for a program that does not exist. */
  constructor({ telemetry, pinDir }: Settings) {
    this.#request = { programs: chosenPrograms(telemetry), settings: telemetry, pinDir, objects: OBJECTS };
  }

  /** Load and attach, or take up what an earlier agent left. What does not work is told by `degraded`. */
  async start(): Promise<void> {
    try {
      const worker = new Worker(PROGRAM, {
        workerData: this.#request,
        trackUnmanagedFds: false,
        name: 'weir-bpf',
      });
      const ended = once(worker, 'exit');
      const [result] = (await once(worker, 'message')) as [LoadResult];
      await ended;
      this.#use(result);
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }

  map(program: string, map: string): BpfMap | undefined {
    return this.#maps.get(`${program}/${map}`);
  }

  /** Descriptor of a function of a program that runs. */
  program(program: string, name: string): number | undefined {
    return this.running.find((one) => one.name === program)?.programs[name];
  }

  onDemand(program: string): boolean {
    return this.#onDemand.has(program);
  }

  watch(program: string): Disposable {
    return this.#onDemand.get(program)?.watch() ?? { [Symbol.dispose]: () => {} };
  }

  problem(program: string): string | undefined {
    const found = this.#result?.programs.find(({ name }) => name === program);
    if (found === undefined) return this.#failure ?? 'it is switched off by `telemetry.disable`';
    return found.running ? undefined : found.problem;
  }

  /** What of eBPF the kernel has. */
  get features(): readonly FeatureInfo[] {
    return this.#result?.features ?? [];
  }

  get dropReasons(): ReadonlyMap<number, string> {
    return this.#result?.dropReasons ?? new Map();
  }

  get resetReasons(): ReadonlyMap<number, string> {
    return this.#result?.resetReasons ?? new Map();
  }

  /** Programs that run. */
  get running(): readonly RunningProgram[] {
    return this.#result?.programs.flatMap((one) => (one.running ? [one] : [])) ?? [];
  }

  /** One sentence for each thing that is not counted. */
  get degraded(): readonly string[] {
    if (this.#failure !== undefined) return [`no eBPF telemetry: ${this.#failure}`];
    return (this.#result?.programs ?? []).flatMap((one) => {
      if (!one.running) return [`no eBPF telemetry "${one.name}": ${one.problem}`];
      const lost = one.without.map(
        (what) => `eBPF telemetry "${one.name}" does not count ${what} on this kernel`,
      );
      return one.pins === undefined && one.runs === 'always'
        ? [
            ...lost,
            `eBPF telemetry "${one.name}" ends with the agent: no bpffs, mount one with \`mount -t bpf bpf /sys/fs/bpf\``,
          ]
        : lost;
    });
  }

  /** Let go of everything: what is pinned goes on. */
  close(): void {
    for (const map of this.#maps.values()) map.close();
    this.#maps.clear();
    for (const one of this.#onDemand.values()) one.close();
    this.#onDemand.clear();
    for (const { programs, links } of this.running) closeAll([...Object.values(programs), ...links]);
    this.#result = undefined;
  }

  #use(result: LoadResult): void {
    this.#result = result;
    for (const { name, runs, maps, programs, hooks } of this.running) {
      for (const [map, fd] of Object.entries(maps)) this.#maps.set(`${name}/${map}`, openMap(fd));
      if (runs === 'on-demand')
        this.#onDemand.set(name, new OnDemand(hooks.map((hook) => programs[hook] as number)));
    }
  }
}

/** Programs that the settings ask for: what they enable by name runs always. */
function chosenPrograms({ enable, disable }: Settings['telemetry']): ReadonlyMap<string, Runs> {
  const names = TELEMETRY.map(({ name }) => name);
  for (const [key, chosen] of Object.entries({ enable, disable }))
    for (const name of chosen)
      if (!names.includes(name) && name !== 'all')
        throw new WeirError('CONFIG', {
          file: 'settings',
          path: `telemetry.${key}`,
          problem: `there is no telemetry "${name}"${didYouMean(name, [...names, 'all'])}`,
        });
  const off = (name: string) => disable.includes(name) || (disable.includes('all') && !enable.includes(name));
  const always = (name: string) => enable.includes(name) || enable.includes('all');
  return new Map(
    TELEMETRY.filter(({ name }) => !off(name)).map(({ name, runs }) => [
      name,
      always(name) ? 'always' : runs,
    ]),
  );
}
