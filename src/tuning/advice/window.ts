// SPDX-License-Identifier: Apache-2.0
import type { LinkCounter, LinkSample, QdiscSample, Sample } from './sample.ts';

/** Two samples of one namespace, and what happened in between. */
export class Window {
  readonly before: Sample;
  readonly after: Sample;
  readonly seconds: number;

  constructor(before: Sample, after: Sample) {
    this.before = before;
    this.after = after;
    this.seconds = Math.max(0.001, (after.at - before.at) / 1000);
  }

  /** How much an SNMP counter grew; 0 where the kernel does not have it. */
  snmp(name: string): number {
    return grown(this.before.snmp.get(name), this.after.snmp.get(name));
  }

  /** A sysctl as a number; of several, the one at `index`. */
  sysctl(name: string, index = 0): number | undefined {
    const value = this.after.sysctls.get(name);
    return value === undefined ? undefined : Number(String(value).split(' ')[index]);
  }

  /** How much counters of a device grew together. */
  link(link: LinkSample, ...counters: LinkCounter[]): number {
    const before = this.before.links.find(({ ifindex }) => ifindex === link.ifindex);
    return sum(counters.map((name) => grown(before?.counters[name], link.counters[name])));
  }

  /** How much a counter of a qdisc grew. */
  qdisc(qdisc: QdiscSample, counter: 'bytes' | 'packets' | 'drops' | 'overlimits'): number {
    const same = (one: QdiscSample) =>
      one.dev === qdisc.dev &&
      one.handle === qdisc.handle &&
      one.parent === qdisc.parent &&
      one.kind === qdisc.kind;
    return grown(this.before.qdiscs.find(same)?.[counter], qdisc[counter]);
  }

  /** What each CPU did: shares of its time, and packets. */
  get cpus(): readonly CpuUse[] {
    return this.after.cpus.map((now) => {
      const past = this.before.cpus.find(({ cpu }) => cpu === now.cpu);
      const total = Math.max(1, grown(past?.total, now.total));
      return {
        cpu: now.cpu,
        softirq: Math.min(1, grown(past?.softirq, now.softirq) / total),
        idle: Math.min(1, grown(past?.idle, now.idle) / total),
        processed: grown(past?.processed, now.processed),
        dropped: grown(past?.dropped, now.dropped),
        squeezed: grown(past?.squeezed, now.squeezed),
      };
    });
  }

  rate(count: number): number {
    return count / this.seconds;
  }
}

export interface CpuUse {
  readonly cpu: number;
  /** Shares of its time. */
  readonly softirq: number;
  readonly idle: number;
  readonly processed: number;
  readonly dropped: number;
  readonly squeezed: number;
}

/** What was not there before counts from now on; what fell has begun anew. */
function grown(before: number | undefined, after: number | undefined): number {
  if (before === undefined || after === undefined) return 0;
  return Math.max(0, after - before);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
