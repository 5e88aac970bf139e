// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { ProbeResult } from '../change/report.ts';
import type { Probe } from './probe.ts';

/** Attempts after a change: neighbours are resolved anew, ports of bridges start to forward. */
const PAUSES_MS = [0, 300, 1_000];

/** The probes of one change. */
export interface Probes {
  /** What they said, those before the change and then those after it. */
  readonly results: readonly ProbeResult[];
  after(): Promise<readonly ProbeResult[]>;
}

/**
 * Run the probes before a change. A probe that nobody asked for counts afterwards only if it succeeds now; one that was
 * asked for must succeed afterwards, since the change may be what makes it succeed.
 */
export async function probeBefore(probes: readonly Probe[]): Promise<Probes> {
  const all = await Promise.all(probes.map(async (probe) => ({ probe, problem: await verdict(probe) })));
  const counting = all.filter(({ probe, problem }) => probe.explicit || problem === undefined);
  let results = counting.map(({ probe, problem }) => result(probe.name, problem, null));
  return {
    get results() {
      return results;
    },
    async after() {
      results = await Promise.all(counting.map(({ probe, problem }) => resultAfter(probe, problem)));
      return results;
    },
  };
}

/** No probe at all. */
export const NO_PROBES: Probes = { results: [], after: async () => [] };

/** Those that count and failed after the change, with the reason. */
export function failedProbes(results: readonly ProbeResult[]): string[] {
  return results
    .filter(({ after }) => after === false)
    .map(({ probe, detail }) => (detail === undefined ? probe : `${probe}: ${detail}`));
}

async function resultAfter(probe: Probe, before: string | undefined): Promise<ProbeResult> {
  let problem: string | undefined;
  for (const pause of PAUSES_MS) {
    if (pause > 0) await delay(pause);
    problem = await verdict(probe);
    if (problem === undefined) break;
  }
  return { ...result(probe.name, before, problem === undefined), ...(problem && { detail: problem }) };
}

function result(probe: string, problem: string | undefined, after: boolean | null): ProbeResult {
  return { probe, before: problem === undefined, after, ...(problem && { detail: problem }) };
}

/** Undefined when it succeeds, else why not. */
async function verdict(probe: Probe): Promise<string | undefined> {
  try {
    await probe.attempt();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
