// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../model/object.ts';

/** A sysctl that profiles and advice set: what a kernel starts with, and what makes sense. */
export interface Knob {
  /** `node`: one value for the whole machine, which only its first network namespace may write. */
  readonly scope: 'netns' | 'node';
  /** Values that kernels of the last years start with, as the sysctl shows them; several numbers with one space. */
  readonly defaults: readonly (number | string)[];
  /** Started with by the machine's memory: every power of two in these bounds. */
  readonly byMemory?: readonly [least: number, most: number];
  /** Of each number in the value. */
  readonly least: number;
  readonly most: number;
}

const MIB = 1 << 20;

const netns = (least: number, most: number, ...defaults: (number | string)[]): Knob => ({
  scope: 'netns',
  defaults,
  least,
  most,
});
const node = (least: number, most: number, ...defaults: (number | string)[]): Knob => ({
  ...netns(least, most, ...defaults),
  scope: 'node',
});

/**
 * By name. The defaults are from the sources (net/core/sysctl_net_core.c, net/ipv4/tcp.c, net/ipv4/tcp_ipv4.c,
 * net/netfilter/nf_conntrack_core.c, net/ipv4/arp.c, net/ipv6/ndisc.c) of Linux 5.4 to 6.18.
 */
export const KNOBS: Readonly<Record<string, Knob>> = {
  'net.core.busy_poll': node(0, 1000, 0),
  'net.core.busy_read': node(0, 1000, 0),
  'net.core.default_qdisc': node(0, 0, 'pfifo_fast', 'fq_codel'),
  'net.core.netdev_budget': node(64, 10_000, 300),
  'net.core.netdev_budget_usecs': node(1000, 50_000, 2000, 8000, 20_000, 6666),
  'net.core.netdev_max_backlog': node(100, 300_000, 1000),
  'net.core.rmem_default': node(4096, 256 * MIB, 212_992),
  'net.core.rmem_max': node(4096, 512 * MIB, 212_992, 4 * MIB),
  'net.core.rps_sock_flow_entries': node(0, MIB, 0),
  'net.core.somaxconn': netns(16, 65_535, 128, 4096),
  'net.core.wmem_max': node(4096, 512 * MIB, 212_992, 4 * MIB),
  'net.ipv4.conf.all.accept_redirects': netns(0, 1, 0, 1),
  'net.ipv4.conf.all.send_redirects': netns(0, 1, 1),
  'net.ipv4.ip_forward': netns(0, 1, 0),
  'net.ipv4.ip_local_port_range': netns(1024, 65_535, '32768 60999'),
  'net.ipv4.neigh.default.base_reachable_time_ms': netns(1000, 3_600_000, 30_000),
  'net.ipv4.neigh.default.gc_thresh1': node(0, MIB, 128),
  'net.ipv4.neigh.default.gc_thresh2': node(64, MIB, 512),
  'net.ipv4.neigh.default.gc_thresh3': node(128, MIB, 1024),
  'net.ipv4.tcp_congestion_control': netns(0, 0, 'cubic', 'reno'),
  'net.ipv4.tcp_fastopen': netns(0, 0x707, 1),
  'net.ipv4.tcp_fin_timeout': netns(5, 600, 60),
  'net.ipv4.tcp_keepalive_time': netns(60, 32_767, 7200),
  'net.ipv4.tcp_max_syn_backlog': {
    ...netns(64, 262_144, 128, 256, 512, 1024, 2048, 4096),
    byMemory: [128, 4096],
  },
  'net.ipv4.tcp_max_tw_buckets': { ...netns(1024, 4 * MIB), byMemory: [4096, 262_144] },
  'net.ipv4.tcp_mtu_probing': netns(0, 2, 0),
  'net.ipv4.tcp_notsent_lowat': netns(4096, 4_294_967_295, 4_294_967_295, -1),
  'net.ipv4.tcp_rmem': netns(
    4096,
    512 * MIB,
    '4096 131072 6291456',
    '4096 131072 33554432',
    '4096 87380 6291456',
  ),
  'net.ipv4.tcp_slow_start_after_idle': netns(0, 1, 1),
  'net.ipv4.tcp_syncookies': netns(0, 2, 1),
  'net.ipv4.tcp_tw_reuse': netns(0, 2, 2, 0),
  'net.ipv4.tcp_wmem': netns(4096, 512 * MIB, '4096 16384 4194304'),
  'net.ipv6.neigh.default.gc_thresh1': node(0, MIB, 128),
  'net.ipv6.neigh.default.gc_thresh2': node(64, MIB, 512),
  'net.ipv6.neigh.default.gc_thresh3': node(128, MIB, 1024),
  'net.netfilter.nf_conntrack_max': { ...node(1024, 16 * MIB), byMemory: [1024, 262_144] },
  'net.netfilter.nf_conntrack_tcp_timeout_established': netns(300, 432_000, 432_000),
};

/** Settings of a device whose value is known when nobody set them; of all others nobody can tell. */
const DEVICE_DEFAULTS: Readonly<Record<string, unknown>> = {
  gro_flush_timeout: 0,
  napi_defer_hard_irqs: 0,
  threaded: false,
  txqlen: 1000,
  'queues.rps_cpus': '0',
  'queues.rps_flow_cnt': 0,
  'queues.xps_cpus': '0',
};

/** Whether a value was set by somebody: `unknown` where no default is known. */
export type HandSet = boolean | 'unknown';

/** Of a sysctl. */
export function sysctlHandSet(name: string, value: number | string): HandSet {
  const knob = KNOBS[name];
  if (knob === undefined) return 'unknown';
  if (knob.defaults.includes(value)) return false;
  return !(typeof value === 'number' && knob.byMemory !== undefined && isStep(value, knob.byMemory));
}

/** Of a setting of a device, by its dotted name in `devices`; `value` as it is observed. */
export function deviceHandSet(setting: string, value: unknown): HandSet {
  if (!Object.hasOwn(DEVICE_DEFAULTS, setting)) return 'unknown';
  const values = typeof value === 'object' && value !== null ? Object.values(value as Spec) : [value];
  return values.some((one) => one !== DEVICE_DEFAULTS[setting]);
}

/** True for a setting of the whole machine. */
export function isOfNode(name: string): boolean {
  return KNOBS[name]?.scope === 'node';
}

/** What is wrong with a value of a sysctl; undefined when nothing is, or nothing is known of it. */
export function boundsProblem(name: string, value: number | string): string | undefined {
  const knob = KNOBS[name];
  if (knob === undefined || knob.most === 0) return undefined;
  const { least, most } = knob;
  const numbers = String(value).split(/\s+/).map(Number);
  const fits = numbers.every((one) => Number.isFinite(one) && one >= least && one <= most);
  return fits ? undefined : `must be ${least} to ${most}`;
}

/** The value, moved into what makes sense. */
export function bounded(name: string, value: number): number {
  const { least = 0, most = Number.MAX_SAFE_INTEGER } = KNOBS[name] ?? {};
  return Math.min(most, Math.max(least, Math.round(value)));
}

function isStep(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most && Number.isInteger(Math.log2(value));
}
