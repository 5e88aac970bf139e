// SPDX-License-Identifier: Apache-2.0
// The Vagrant lane: virtual machines through the real Vagrantfile, Weir installed from its package under systemd, and what
// a document says as a client at the other end of the cable sees it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { vagrantBox } from './box.ts';
import { secondsLeft } from './budget.ts';
import { type Libvirt, startLibvirt } from './libvirt.ts';
import { weirPackage } from './package.ts';
import { CACHE, cacheFolder } from './paths.ts';
import { InfrastructureError, run } from './process.ts';
import { siteTests } from './site-tests.ts';
import type { LaneRun } from './summary.ts';
import type { TestResult } from './vitest-report.ts';

const ATTEMPTS = 3;
/** A few times what it takes, so that two more attempts fit into a usual budget. */
const UP_SECONDS = 120;
const UP_SECONDS_PER_MACHINE = 90;
/** Below this nothing begins. */
const LEAST_SECONDS = 480;
const COMMAND_SECONDS = 180;
const LONG_COMMAND_SECONDS = 1200;

/** Machines that are up. */
export interface Site {
  readonly nodes: readonly string[];
  /** The file that Weir was installed from. */
  readonly package: string;
  /** Run a shell command as root in a machine. @throws InfrastructureError with what it said. */
  sh(node: string, command: string, seconds?: number): string;
  vagrant(...args: readonly string[]): string;
  readonly libvirt: Libvirt;
}

/** Bring `nodes` up and test them. What cannot be set up is tried again, a test never. */
export async function runVagrant(nodes: readonly string[]): Promise<LaneRun> {
  const faults: string[] = [];
  let file: string;
  try {
    file = timed('package', weirPackage);
  } catch (error) {
    // no fault of the machines
    return { results: [result('the package can be made', String(error))], faults };
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++)
    try {
      if (secondsLeft() < LEAST_SECONDS) throw new InfrastructureError('no time left');
      return { results: await once(nodes, file), faults };
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      faults.push(error.message);
    }
  return { results: [], faults };
}

async function once(nodes: readonly string[], file: string): Promise<readonly TestResult[]> {
  const box = timed('box', vagrantBox);
  const libvirt = await startLibvirt(join(CACHE, 'libvirt'));
  const env = {
    ...libvirt.env,
    ...{ WEIR_BOX: box.name, WEIR_PACKAGE: file, WEIR_POOL: libvirt.pool, WEIR_EMULATED: '1' },
  };
  const said = (seconds: number, ...args: readonly string[]) =>
    run('nsenter', [...libvirt.inside.slice(1), 'vagrant', ...args], {
      env,
      // the end of the time for all ends it as well
      seconds: Math.max(1, Math.min(seconds, secondsLeft())),
      // what takes long can be watched
      ...(seconds > COMMAND_SECONDS && { log: join(cacheFolder('runs'), `vagrant-${args[0]}.log`) }),
    }).replaceAll('\r', '\n');
  const upSeconds = UP_SECONDS + nodes.length * UP_SECONDS_PER_MACHINE;
  try {
    said(COMMAND_SECONDS, 'box', 'add', '--name', box.name, '--provider', 'libvirt', box.file);
    // a machine that does not come up is a fault of the tools; one on which Weir cannot be installed is one of Weir
    timed(`vagrant up ${nodes.join(' ')}`, () =>
      said(upSeconds, 'up', '--provider=libvirt', '--no-provision', ...nodes),
    );
    const site: Site = {
      nodes,
      package: file,
      libvirt,
      sh: (node, command, seconds = COMMAND_SECONDS) =>
        said(seconds, 'ssh', node, '-c', `sudo sh -c ${quoted(command)}`),
      vagrant: (...args) => said(LONG_COMMAND_SECONDS, ...args),
    };
    const results = await siteTests(site);
    if (secondsLeft() < 1) return results;
    return [
      ...results,
      result(
        'vagrant destroy leaves no machine',
        problemOfDestroy(libvirt, () => said(COMMAND_SECONDS, 'destroy', '-f', ...nodes)),
      ),
    ];
  } finally {
    await libvirt.stop();
  }
}

/** No process of a machine is left. What was tested before counts, whatever becomes of this. */
function problemOfDestroy(libvirt: Libvirt, destroy: () => void): string | undefined {
  try {
    timed('vagrant destroy', destroy);
  } catch (error) {
    return String(error);
  }
  const left = [...libvirt.machines()].filter(([, pid]) => existsSync(`/proc/${pid}`));
  return left.length === 0 ? undefined : `still there: ${left.join(' ')}`;
}

function result(title: string, problem: string | undefined): TestResult {
  return problem === undefined
    ? { file: 'vagrant', titles: [title], outcome: 'passed' }
    : { file: 'vagrant', titles: [title], outcome: 'failed', why: problem };
}

/** Print what a step took. */
function timed<T>(step: string, work: () => T): T {
  const started = performance.now();
  const value = work();
  console.log(`${step}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return value;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
