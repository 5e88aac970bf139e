// SPDX-License-Identifier: Apache-2.0
// Where an operator's programs can hang, by the numbers of include/uapi/linux/bpf.h, and the sections that say so.

/** What a hook belongs to. */
export type HookPlace = 'device' | 'cgroup' | 'tracepoint' | 'function';

/** A place in the kernel that runs programs. */
export interface HookKind {
  readonly place: HookPlace;
  /** enum bpf_attach_type. */
  readonly attachType: number;
  /** Sections of programs for it, with or without a name behind a slash. */
  readonly sections: readonly string[];
}

const cgroup = (attachType: number, ...sections: readonly string[]): HookKind => ({
  place: 'cgroup',
  attachType,
  sections,
});
const SCHED = ['tc', 'tcx', 'classifier'] as const;

/** Hooks by the names that documents use. */
export const HOOKS = {
  xdp: { place: 'device', attachType: 37, sections: ['xdp'] },
  'tcx-ingress': { place: 'device', attachType: 46, sections: SCHED },
  'tcx-egress': { place: 'device', attachType: 47, sections: SCHED },
  // a filter of the kind bpf, which is no link and knows no attach type
  'clsact-ingress': { place: 'device', attachType: 0, sections: SCHED },
  'clsact-egress': { place: 'device', attachType: 0, sections: SCHED },
  'raw-tracepoint': {
    place: 'tracepoint',
    attachType: 23,
    sections: ['raw_tp', 'raw_tracepoint', 'tp_btf'],
  },
  // of a function of the kernel, which the section names
  fentry: { place: 'function', attachType: 24, sections: ['fentry'] },
  fexit: { place: 'function', attachType: 25, sections: ['fexit'] },
  'cgroup-ingress': cgroup(0, 'cgroup_skb/ingress'),
  'cgroup-egress': cgroup(1, 'cgroup_skb/egress'),
  'cgroup-sock-create': cgroup(2, 'cgroup/sock_create', 'cgroup/sock'),
  'cgroup-sock-ops': cgroup(3, 'sockops'),
  'cgroup-bind4': cgroup(8, 'cgroup/bind4'),
  'cgroup-bind6': cgroup(9, 'cgroup/bind6'),
  'cgroup-connect4': cgroup(10, 'cgroup/connect4'),
  'cgroup-connect6': cgroup(11, 'cgroup/connect6'),
  'cgroup-sendmsg4': cgroup(14, 'cgroup/sendmsg4'),
  'cgroup-sendmsg6': cgroup(15, 'cgroup/sendmsg6'),
} as const satisfies Record<string, HookKind>;

export type HookName = keyof typeof HOOKS;

export const HOOK_NAMES = Object.keys(HOOKS) as readonly HookName[];

/** Program type and expected attach type, which the kernel wants to know when a program is loaded. */
export interface ProgramType {
  readonly type: number;
  readonly attachType: number;
}

/** By section; those whose target stands in the section's name are left to libbpf, which looks it up in BTF. */
const TYPES: Readonly<Record<string, ProgramType | undefined>> = {
  tc: { type: 3, attachType: 0 },
  tcx: { type: 3, attachType: 0 },
  classifier: { type: 3, attachType: 0 },
  xdp: { type: 6, attachType: 37 },
  raw_tp: { type: 17, attachType: 0 },
  raw_tracepoint: { type: 17, attachType: 0 },
  tp_btf: undefined,
  fentry: undefined,
  fexit: undefined,
  'cgroup_skb/ingress': { type: 8, attachType: 0 },
  'cgroup_skb/egress': { type: 8, attachType: 1 },
  'cgroup/sock_create': { type: 9, attachType: 2 },
  'cgroup/sock': { type: 9, attachType: 2 },
  sockops: { type: 13, attachType: 3 },
  'cgroup/bind4': { type: 18, attachType: 8 },
  'cgroup/bind6': { type: 18, attachType: 9 },
  'cgroup/connect4': { type: 18, attachType: 10 },
  'cgroup/connect6': { type: 18, attachType: 11 },
  'cgroup/sendmsg4': { type: 18, attachType: 14 },
  'cgroup/sendmsg6': { type: 18, attachType: 15 },
};

/** Sections that can be used. */
export const SECTIONS = Object.keys(TYPES);

/** The entry of the table that a section's name falls under: `tcx` for `tcx/ingress`. */
export function knownSection(section: string): string | undefined {
  return SECTIONS.findLast((known) => section === known || section.startsWith(`${known}/`));
}

/** Undefined where libbpf knows better. */
export function programType(section: string): ProgramType | undefined {
  const known = knownSection(section);
  return known === undefined ? undefined : TYPES[known];
}

/** The function of the kernel that a section of fentry or fexit names: `tcp_connect`. */
export function functionOf(section: string): string {
  return section.slice(section.indexOf('/') + 1);
}

/** True for a program of this section on this hook. */
export function fitsHook(section: string, hook: HookName): boolean {
  const known = knownSection(section);
  return known !== undefined && (HOOKS[hook].sections as readonly string[]).includes(known);
}
