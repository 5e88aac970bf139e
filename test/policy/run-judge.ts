// SPDX-License-Identifier: Apache-2.0

import { netns, type TestNetns } from '../helpers/netns.ts';
import { extension, frame } from '../helpers/policy-frames.ts';
import type { Judge, Judgement, Probe, Sitting, Situation } from './judge.ts';
import { Enforcement, endpointsIn } from './kernel-sitting.ts';
import type { TruthTable } from './table.ts';

const NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const;

/** Judges by running the attached programs on the packets, one endpoint after the other (BPF_PROG_TEST_RUN). */
export const runJudge: Judge = {
  name: 'test_run',
  lacks: () => undefined,
  open: (table) => RunSitting.open(table),
};

class RunSitting implements Sitting {
  readonly cannot = () => undefined;
  readonly #ns: TestNetns;
  readonly #enforcement: Enforcement;

  private constructor(ns: TestNetns, enforcement: Enforcement) {
    this.#ns = ns;
    this.#enforcement = enforcement;
  }

  static async open(table: TruthTable): Promise<RunSitting> {
    const ns = await netns('wPj');
    const ifindexes = new Map<string, number>();
    for (const [i, { name }] of endpointsIn(table).entries()) {
      ns.ip('link', 'add', `e${i}`, 'type', 'veth', 'peer', 'name', `p${i}`);
      const [link] = JSON.parse(ns.ip('-j', 'link', 'show', `e${i}`)) as { ifindex: number }[];
      ifindexes.set(name, link?.ifindex ?? 0);
    }
    return new RunSitting(ns, await Enforcement.start(await ns.io(), ifindexes));
  }

  enter(situation: Situation): Promise<string | undefined> {
    return this.#enforcement.enter(situation);
  }

  async judge(probes: readonly Probe[]): Promise<readonly Judgement[]> {
    return probes.map((probe) => {
      const out = this.#run(probe, probe.from, 'egress');
      return out.verdict === 'allow' ? this.#run(probe, probe.to, 'ingress') : out;
    });
  }

  #run(probe: Probe, endpoint: string, direction: 'ingress' | 'egress'): Judgement {
    const place = this.#enforcement.place(endpoint);
    const { verdict, rule, reason } = this.#enforcement.enforcer.trace(place, direction, frameOf(probe));
    return {
      verdict,
      by: `${direction} of ${endpoint}: ${this.#enforcement.ruleText(rule)} (${reason})`,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#enforcement[Symbol.asyncDispose]();
    await this.#ns[Symbol.asyncDispose]();
  }
}

function frameOf({ source, destination, family, protocol, port = 0 }: Probe): Uint8Array {
  if (protocol === 'ICMP')
    return frame({ source, destination, protocol: family === 4 ? 1 : 58, type: family === 4 ? 8 : 128 });
  if (protocol === 'MLD')
    return frame({ source, destination, protocol: 58, type: 143, ttl: 1, extensions: [extension(0)] });
  return frame({ source, destination, protocol: NUMBERS[protocol], sourcePort: 40_000, port });
}
