// SPDX-License-Identifier: Apache-2.0
import { cString, hex } from '../../base/bytes.ts';
import { BPF, BpfAttr, mustBpf, objectInfo } from './syscall.ts';

/** struct bpf_prog_info as far as it is shown. Times in nanoseconds; 0 while BPF_ENABLE_STATS is off. */
export interface ProgramInfo {
  readonly id: number;
  readonly type: number;
  /** First 15 characters of its function's name. */
  readonly name: string;
  /** Hash of its instructions, in hex. */
  readonly tag: string;
  readonly loadTime: bigint;
  readonly runTime: bigint;
  readonly runCount: bigint;
  readonly instructions: number;
}

export function programInfo(fd: number): ProgramInfo {
  const info = objectInfo(fd);
  const bytes = new Uint8Array(info.buffer);
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    tag: hex(bytes.subarray(8, 16)),
    loadTime: info.getBigUint64(40, true),
    name: cString(bytes, 64, 80),
    runTime: info.getBigUint64(192, true),
    runCount: info.getBigUint64(200, true),
    instructions: info.getUint32(216, true),
  };
}

/** Result of a test run. */
export interface TestRun {
  readonly returned: number;
  /** Mean time of one run in nanoseconds. */
  readonly duration: number;
}

/** Run a program on a packet `repeat` times (BPF_PROG_TEST_RUN). */
export function testRun(fd: number, packet: Uint8Array, repeat: number): TestRun {
  const attr = new BpfAttr(48).u32(0, fd).u32(8, packet.length).u32(32, repeat).pointer(16, packet);
  mustBpf('BPF_PROG_TEST_RUN', BPF.PROG_TEST_RUN, attr);
  return { returned: attr.view.getUint32(4, true), duration: attr.view.getUint32(36, true) };
}

/** Make the kernel measure run time and count of all programs until the descriptor is closed (Linux 5.8). */
export function enableStats(): number {
  return mustBpf('BPF_ENABLE_STATS', BPF.ENABLE_STATS, new BpfAttr(4).u32(0, 0));
}
