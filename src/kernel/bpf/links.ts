// SPDX-License-Identifier: Apache-2.0
// Where programs hang (kernel/bpf/syscall.c link_create()). A link is a descriptor: closing the last one detaches, pinning
// it keeps it.
import { BPF, BpfAttr, mustBpf, objectInfo } from './syscall.ts';

/** enum bpf_attach_type. */
export const ATTACH = {
  CGROUP_INET_INGRESS: 0,
  CGROUP_INET_EGRESS: 1,
  CGROUP_INET_SOCK_CREATE: 2,
  CGROUP_SOCK_OPS: 3,
  CGROUP_DEVICE: 6,
  CGROUP_INET4_BIND: 8,
  CGROUP_INET6_BIND: 9,
  CGROUP_INET4_CONNECT: 10,
  CGROUP_INET6_CONNECT: 11,
  CGROUP_INET4_POST_BIND: 12,
  CGROUP_INET6_POST_BIND: 13,
  CGROUP_UDP4_SENDMSG: 14,
  CGROUP_UDP6_SENDMSG: 15,
  FLOW_DISSECTOR: 17,
  CGROUP_SYSCTL: 18,
  TRACE_RAW_TP: 23,
  TRACE_ITER: 28,
  XDP: 37,
  SK_LOOKUP: 36,
  PERF_EVENT: 41,
  NETFILTER: 45,
  TCX_INGRESS: 46,
  TCX_EGRESS: 47,
} as const;

/** XDP_FLAGS_* of include/uapi/linux/if_link.h. */
export const XDP_MODE = { generic: 1 << 1, native: 1 << 2, offload: 1 << 3 } as const;

const BPF_F_BEFORE = 1 << 3;
const BPF_F_AFTER = 1 << 4;
const BPF_F_LINK = 1 << 13;

/** Attach a raw or BTF-typed tracepoint program; `name` only of a raw one. @returns the link. */
export function attachTracepoint(program: number, name?: string): number {
  const attr = new BpfAttr(24).u32(8, program);
  if (name !== undefined) attr.text(0, name);
  return mustBpf(
    `attach to the tracepoint${name === undefined ? '' : ` ${name}`}`,
    BPF.RAW_TRACEPOINT_OPEN,
    attr,
  );
}

/** Attach to XDP of a device, in one mode or in whichever the driver has. @returns the link. */
export function attachXdp(
  netns: number,
  program: number,
  ifindex: number,
  mode?: keyof typeof XDP_MODE,
): number {
  const attr = linkAttr(program, ifindex, ATTACH.XDP, mode === undefined ? 0 : XDP_MODE[mode]);
  return mustBpf(`attach XDP to device ${ifindex}`, BPF.LINK_CREATE, attr, netns);
}

/** Where in the order of a hook. */
export interface Place {
  /** Before or after the link behind this descriptor; without one before or after all. */
  readonly side: 'before' | 'after';
  readonly link?: number;
  /** Revision of the hook that this was decided on: another one is refused with ESTALE. */
  readonly revision?: bigint;
}

/** Attach to tcx of a device (Linux 6.6). @returns the link. */
export function attachTcx(
  netns: number,
  program: number,
  ifindex: number,
  hook: 'ingress' | 'egress',
  { side, link, revision }: Place = { side: 'after' },
): number {
  const type = hook === 'ingress' ? ATTACH.TCX_INGRESS : ATTACH.TCX_EGRESS;
  const flags = (side === 'before' ? BPF_F_BEFORE : BPF_F_AFTER) | (link === undefined ? 0 : BPF_F_LINK);
  const attr = linkAttr(program, ifindex, type, flags, 32);
  if (link !== undefined) attr.u32(16, link);
  if (revision !== undefined) attr.u64(24, revision);
  return mustBpf(`attach tcx ${hook} to device ${ifindex}`, BPF.LINK_CREATE, attr, netns);
}

/** Attach to anything that a descriptor stands for: a cgroup, a perf event, a network namespace. @returns the link. */
export function attachTo(target: number, program: number, type: number): number {
  return mustBpf(`attach (type ${type})`, BPF.LINK_CREATE, linkAttr(program, target, type, 0));
}

/** Put another program in the place of a link's, without a gap. */
export function replaceProgram(link: number, program: number): void {
  mustBpf('replace the program of a link', BPF.LINK_UPDATE, new BpfAttr(16).u32(0, link).u32(4, program));
}

/** Let go of what the link is attached to; it stays as an empty one. */
export function detachLink(link: number): void {
  mustBpf('detach a link', BPF.LINK_DETACH, new BpfAttr(4).u32(0, link));
}

/** What hangs on a hook of a device, in the order in which it runs. */
export interface Hook {
  readonly revision: bigint;
  readonly programs: readonly { readonly program: number; readonly link: number }[];
}

const QUERY_MAX = 64;

/** Programs on a hook, by ids (BPF_PROG_QUERY). @throws {KernelError} EINVAL where the kernel has no tcx. */
export function queryHook(netns: number, ifindex: number, type: number): Hook {
  const programs = new Uint32Array(QUERY_MAX);
  const links = new Uint32Array(QUERY_MAX);
  const attr = new BpfAttr(64)
    .u32(0, ifindex)
    .u32(4, type)
    .u32(24, QUERY_MAX)
    .pointer(16, new Uint8Array(programs.buffer))
    .pointer(40, new Uint8Array(links.buffer));
  mustBpf(`query the programs of device ${ifindex}`, BPF.PROG_QUERY, attr, netns);
  const count = attr.view.getUint32(24, true);
  return {
    revision: attr.view.getBigUint64(56, true),
    programs: Array.from({ length: count }, (_, i) => ({
      program: programs[i] as number,
      link: links[i] as number,
    })),
  };
}

/** struct bpf_link_info as far as it says what is attached where. */
export function linkInfo(link: number): {
  readonly type: number;
  readonly id: number;
  readonly program: number;
  /** Of XDP and tcx; 0 when the device is gone. */
  readonly ifindex: number;
} {
  const info = objectInfo(link);
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    program: info.getUint32(8, true),
    ifindex: info.getUint32(16, true),
  };
}

/** struct { prog_fd, target_fd or target_ifindex, attach_type, flags, ... } link_create. */
function linkAttr(program: number, target: number, type: number, flags: number, size = 16): BpfAttr {
  return new BpfAttr(size).u32(0, program).u32(4, target).u32(8, type).u32(12, flags);
}
