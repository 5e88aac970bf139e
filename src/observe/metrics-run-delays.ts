// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';
import type { FileReader } from '../kernel/ports.ts';
import type { RunDelay } from '../metrics/telemetry-rows.ts';

const NANOSECONDS = 1e9;

/** Process id of kthreadd, whose children all kernel threads are. */
const KTHREADD = 2;

/** ksoftirqd of each CPU by process id: they live as long as the machine. */
let threads: ReadonlyMap<string, string> | undefined;

/**
 * How long ksoftirqd of each CPU and this process' main thread were ready to run and did not.
 *
 * @throws {WeirError} `NO_DATA` where the kernel keeps no such statistics (CONFIG_SCHED_INFO).
 * @see kernel/sched/stats.h sched_info_arrive()
 */
export async function readRunDelays(proc: FileReader): Promise<readonly RunDelay[]> {
  threads ??= await softirqThreads(proc);
  const delays = [{ task: 'weir', cpu: '', seconds: await waited(proc, 'self') }];
  for (const [pid, cpu] of threads) delays.push({ task: 'ksoftirqd', cpu, seconds: await waited(proc, pid) });
  return delays;
}

/** The second number of schedstat: nanoseconds on a run queue. */
async function waited(proc: FileReader, pid: string): Promise<number> {
  const words = textOf(await proc.read(`${pid}/schedstat`)).split(' ');
  return Number(words[1]) / NANOSECONDS;
}

/** None where the kernel does not list children (CONFIG_PROC_CHILDREN), or in a process namespace of its own. */
async function softirqThreads(proc: FileReader): Promise<ReadonlyMap<string, string>> {
  const children = await text(proc, `${KTHREADD}/task/${KTHREADD}/children`);
  const found = new Map<string, string>();
  for (const pid of children.split(' ').filter(Boolean)) {
    const cpu = /^ksoftirqd\/(\d+)$/.exec((await text(proc, `${pid}/comm`)).trim())?.[1];
    if (cpu !== undefined) found.set(pid, cpu);
  }
  return found;
}

/** Content of a file, nothing when it is gone. */
async function text(proc: FileReader, path: string): Promise<string> {
  try {
    return textOf(await proc.read(path));
  } catch (error) {
    if (error instanceof WeirError && error.code === 'NO_DATA') return '';
    throw error;
  }
}
