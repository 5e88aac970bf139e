// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import type { FeatureInfo } from '../../api/schemas/node.ts';
import { messageOf } from '../../base/errors.ts';
import { BTF_KIND, type Btf } from '../../codec/bpf/btf.ts';
import { isOnBpffs } from '../../kernel/bpf/bpffs.ts';
import { ATTACH, queryHook } from '../../kernel/bpf/links.ts';
import { PROGRAM_TYPE, tryProgram } from '../../kernel/bpf/probe.ts';

const LOOPBACK = 1;
const TRACE_FENTRY = 24;
const LSM_MAC = 27;

/** What a probe may ask for. */
interface Host {
  readonly vmlinux: Btf | string;
  readonly pinDir: string;
}

interface Probe {
  readonly name: string;
  /** Version or configuration that brings it. */
  readonly brings: string;
  /** Throws where the kernel lacks it. */
  try(host: Host): void;
}

const PROBES: readonly Probe[] = [
  {
    name: "eBPF: the kernel's types (BTF)",
    brings: 'CONFIG_DEBUG_INFO_BTF',
    try: ({ vmlinux }) => types(vmlinux),
  },
  {
    name: 'eBPF: bpffs for programs that outlive the agent',
    brings: 'a bpffs at the setting pinDir: `mount -t bpf bpf /sys/fs/bpf`',
    try: ({ pinDir }) => must(isOnBpffs(pinDir), `${pinDir} is not in a bpffs`),
  },
  { name: 'eBPF: XDP', brings: 'Linux 4.8', try: () => tryProgram(PROGRAM_TYPE.XDP) },
  {
    name: 'eBPF: tc',
    brings: 'Linux 4.1 with CONFIG_NET_CLS_BPF',
    try: () => tryProgram(PROGRAM_TYPE.SCHED_CLS),
  },
  { name: 'eBPF: tcx', brings: 'Linux 6.6', try: () => void queryHook(-1, LOOPBACK, ATTACH.TCX_INGRESS) },
  {
    name: 'eBPF: cgroup programs',
    brings: 'CONFIG_CGROUP_BPF',
    try: () => tryProgram(PROGRAM_TYPE.CGROUP_SKB),
  },
  {
    name: 'eBPF: netfilter programs',
    brings: 'Linux 6.4 with CONFIG_NETFILTER_BPF_LINK',
    try: () => tryProgram(PROGRAM_TYPE.NETFILTER, ATTACH.NETFILTER),
  },
  {
    name: 'eBPF: typed tracepoints (tp_btf)',
    brings: 'Linux 5.5 with CONFIG_DEBUG_INFO_BTF',
    try: ({ vmlinux }) =>
      tryProgram(
        PROGRAM_TYPE.TRACING,
        ATTACH.TRACE_RAW_TP,
        typeId(vmlinux, BTF_KIND.TYPEDEF, 'btf_trace_kfree_skb'),
      ),
  },
  {
    name: 'eBPF: function entry and exit (fentry)',
    brings: 'Linux 5.5 (arm64: 6.0) with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS',
    try: ({ vmlinux }) =>
      tryProgram(PROGRAM_TYPE.TRACING, TRACE_FENTRY, typeId(vmlinux, BTF_KIND.FUNC, 'bpf_fentry_test1')),
  },
  {
    name: 'eBPF: kprobes',
    brings: 'CONFIG_KPROBES and CONFIG_KPROBE_EVENTS',
    try: () => must(existsSync('/sys/bus/event_source/devices/kprobe'), 'there is no kprobe event source'),
  },
  {
    name: 'eBPF: security hooks (LSM)',
    brings: 'Linux 5.7 with CONFIG_BPF_LSM and `bpf` in the kernel parameter lsm',
    try: ({ vmlinux }) =>
      tryProgram(PROGRAM_TYPE.LSM, LSM_MAC, typeId(vmlinux, BTF_KIND.FUNC, 'bpf_lsm_socket_connect')),
  },
];

/** What of eBPF this kernel has, found by trying it. */
export function probeBpf(vmlinux: Btf | string, pinDir: string): readonly FeatureInfo[] {
  return PROBES.map(({ name, brings, try: attempt }) => {
    try {
      attempt({ vmlinux, pinDir });
      return { name, supported: true };
    } catch (error) {
      return { name, supported: false, reason: `needs ${brings} (${messageOf(error)})` };
    }
  });
}

function types(vmlinux: Btf | string): Btf {
  if (typeof vmlinux === 'string') throw new Error(vmlinux);
  return vmlinux;
}

function typeId(vmlinux: Btf | string, kind: number, name: string): number {
  const found = types(vmlinux).find(kind, name);
  if (found === undefined) throw new Error(`the kernel has no ${name}`);
  return found.id;
}

function must(isSo: boolean, problem: string): void {
  if (!isSo) throw new Error(problem);
}
