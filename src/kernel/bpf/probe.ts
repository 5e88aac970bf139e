// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { checked } from '../errno.ts';
import { BPF, BpfAttr, bpf } from './syscall.ts';

/** enum bpf_prog_type. */
export const PROGRAM_TYPE = {
  SOCKET_FILTER: 1,
  KPROBE: 2,
  SCHED_CLS: 3,
  XDP: 6,
  PERF_EVENT: 7,
  CGROUP_SKB: 8,
  RAW_TRACEPOINT: 17,
  TRACING: 26,
  LSM: 29,
  NETFILTER: 32,
} as const;

/** `r0 = 0; exit` */
const RETURN_ZERO = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/**
 * Load the smallest program of a type and let go of it.
 * @param attachType enum bpf_attach_type, of types that need it.
 * @param target Id in the kernel's BTF of what a tracing or LSM program is for.
 * @throws {KernelError} why the kernel does not take it.
 */
export function tryProgram(type: number, attachType = 0, target = 0): void {
  const attr = new BpfAttr(120)
    .u32(0, type)
    .u32(4, RETURN_ZERO.length / 8)
    .pointer(8, RETURN_ZERO)
    .text(16, 'GPL')
    .u32(68, attachType)
    .u32(108, target);
  closeSync(checked('load a program of it', bpf(BPF.PROG_LOAD, attr)));
}
