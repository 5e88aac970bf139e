// SPDX-License-Identifier: Apache-2.0
// The Vagrant lane: virtual machines through the real Vagrantfile, Weir installed from its package under systemd, and what
// a document says as a client at the other end of the cable sees it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { vagrantBox } from './box.ts';
import { secondsLeft } from './budget.ts';
import { type Libvirt, startLibvirt } from './libvirt.ts';
import { CACHE, cacheFolder } from './paths.ts';
import { InfrastructureError, run } from './process.ts';
import { siteTests } from './site-tests.ts';
import type { LaneRun } from './summary.ts';
import type { TestResult } from './vitest-report.ts';

const ATTEMPTS = 3;
const UP_SECONDS = 1200;
/** Below this nothing begins. */
const LEAST_SECONDS = 480;
const COMMAND_SECONDS = 180;

/** Machines that are up. */
export interface Site {
  readonly nodes: readonly string[];
  /** Run a shell command as root in a machine. @throws InfrastructureError with what it said. */
  sh(node: string, command: string, seconds?: number): string;
  vagrant(...args: readonly string[]): string;
  readonly libvirt: Libvirt;
}

/** Bring `nodes` up and test them. What cannot be set up is tried again, a test never. */
export async function runVagrant(nodes: readonly string[]): Promise<LaneRun> {
  const faults: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++)
    try {
      if (secondsLeft() < LEAST_SECONDS) throw new InfrastructureError('no time left');
      return { results: await once(nodes), faults };
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      faults.push(error.message);
    }
  return { results: [], faults };
}

async function once(nodes: readonly string[]): Promise<readonly TestResult[]> {
  const box = vagrantBox();
  const libvirt = await startLibvirt(join(CACHE, 'libvirt'));
  const said = (seconds: number, ...args: readonly string[]) =>
    run('nsenter', [...libvirt.inside.slice(1), 'vagrant', ...args], {
      env: { ...libvirt.env, WEIR_BOX: box.name, WEIR_POOL: libvirt.pool, WEIR_EMULATED: '1' },
      seconds,
      // what takes long can be watched
      ...(seconds === UP_SECONDS && { log: join(cacheFolder('runs'), `vagrant-${args[0]}.log`) }),
    }).replaceAll('\r', '\n');
  try {
    said(COMMAND_SECONDS, 'box', 'add', '--name', box.name, '--provider', 'libvirt', box.file);
    const started = performance.now();
    // a machine that does not come up is a fault of the tools; one on which Weir cannot be installed is one of Weir
    said(UP_SECONDS, 'up', '--provider=libvirt', '--no-provision', ...nodes);
    console.log(`vagrant up ${nodes.join(' ')}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const site: Site = {
      nodes,
      libvirt,
      sh: (node, command, seconds = COMMAND_SECONDS) =>
        said(seconds, 'ssh', node, '-c', `sudo sh -c ${quoted(command)}`),
      vagrant: (...args) => said(UP_SECONDS, ...args),
    };
    const results = await siteTests(site);
    return [...results, ...destroyed(libvirt, () => said(COMMAND_SECONDS, 'destroy', '-f', ...nodes))];
  } finally {
    await libvirt.stop();
  }
}

/** `vagrant destroy` leaves no process of a machine. */
function destroyed(libvirt: Libvirt, destroy: () => void): readonly TestResult[] {
  destroy();
  const left = [...libvirt.machines()].filter(([, pid]) => existsSync(`/proc/${pid}`));
  const problem = left.length === 0 ? undefined : `still there: ${left.join(' ')}`;
  return [
    {
      file: 'vagrant',
      titles: ['vagrant destroy leaves no machine'],
      outcome: problem === undefined ? 'passed' : 'failed',
      ...(problem !== undefined && { why: problem }),
    },
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
