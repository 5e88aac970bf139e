// SPDX-License-Identifier: Apache-2.0
// Two calls of the C library that Node does not have.
import { DataType, define, open } from 'ffi-rs';
import { WeirError } from '../../../base/errors.ts';
import { kernelError } from '../../errno.ts';

const LIBRARY = 'libc';
const { I32, I64, U8Array: Bytes } = DataType;
/** membarrier(2) by architecture. */
const NR_MEMBARRIER: Readonly<Record<string, number>> = { x64: 324, arm64: 283 };
const MEMBARRIER_CMD_GLOBAL = 1;
const CLOCK_MONOTONIC_COARSE = 6;

interface Calls {
  syscall(args: readonly unknown[]): Promise<{ readonly value: number; readonly errnoCode: number }>;
  clock_getres(args: readonly unknown[]): number;
}

let bound: Calls | undefined;

function calls(): Calls {
  if (bound !== undefined) return bound;
  open({ library: LIBRARY, path: 'libc.so.6' });
  bound = define({
    syscall: {
      library: LIBRARY,
      retType: I64,
      paramsType: [I64, I64, I64, I64],
      runInNewThread: true,
      errno: true,
    },
    clock_getres: { library: LIBRARY, retType: I32, paramsType: [I32, Bytes] },
  }) as unknown as Calls;
  return bound;
}

/**
 * Wait until every packet that was being judged when this was called has been judged (membarrier(2) is
 * synchronize_rcu()), on a thread of the pool: some 10 milliseconds. @throws {KernelError}
 */
export async function gracePeriod(): Promise<void> {
  const number = NR_MEMBARRIER[process.arch];
  if (number === undefined)
    throw new WeirError('BPF_FEATURE', {
      feature: 'network policy',
      problem: `there is no number of membarrier(2) for ${process.arch}`,
    });
  const { value, errnoCode } = await calls().syscall([number, MEMBARRIER_CMD_GLOBAL, 0, 0]);
  if (value < 0) throw kernelError('membarrier', errnoCode);
}

/** CONFIG_HZ: the coarse clocks go on once a tick. */
export function ticksPerSecond(): number {
  const resolution = new Uint8Array(16);
  if (calls().clock_getres([CLOCK_MONOTONIC_COARSE, resolution]) !== 0) return 250;
  const nanoseconds = new DataView(resolution.buffer).getBigInt64(8, true);
  return nanoseconds <= 0n ? 250 : Math.round(1e9 / Number(nanoseconds));
}
