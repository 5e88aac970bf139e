// SPDX-License-Identifier: Apache-2.0
import type { PeerProbe, ProbeOutcome } from '../helpers/policy-peer.ts';
import { type PolicyStar, policyStar } from '../helpers/policy-star.ts';
import { agrees } from './cells.ts';
import type { Judge, JudgedVerdict, Judgement, Probe, Sitting, Situation } from './judge.ts';
import { Enforcement, endpointsIn } from './kernel-sitting.ts';
import type { TruthTable } from './table.ts';

/** Of one probe: who is denied says nothing for so long. */
const SILENT_MS = 400;
const PATIENT_MS = 2_000;
/** A busy machine is asked so often before it is believed. */
const ATTEMPTS = 12;

const VERDICTS: Readonly<Record<ProbeOutcome, JudgedVerdict>> = {
  open: 'allow',
  refused: 'reject',
  silent: 'deny',
};

/** Why protocols are not judged. */
const LACKS: Readonly<Record<string, string>> = {
  SCTP: 'Node.js opens no SCTP sockets',
  MLD: 'nobody answers what says who listens to multicast',
};
/** Probes that are under way together. */
const AT_ONCE = 512;

/** Judges by what comes through between namespaces. */
export const liveJudge: Judge = {
  name: 'live',
  lacks: (requires) => requires.map((one) => LACKS[one]).find(Boolean),
  open: (table) => LiveSitting.open(table),
};

class LiveSitting implements Sitting {
  readonly cannot = ({ protocol }: Probe) => LACKS[protocol];
  readonly #star: PolicyStar;
  readonly #enforcement: Enforcement;
  readonly #serving = new Set<string>();

  private constructor(star: PolicyStar, enforcement: Enforcement) {
    this.#star = star;
    this.#enforcement = enforcement;
  }

  static async open(table: TruthTable): Promise<LiveSitting> {
    const star = await policyStar(endpointsIn(table));
    const ifindexes = new Map([...star.members].map(([name, { ifindex }]) => [name, ifindex]));
    return new LiveSitting(star, await Enforcement.start(await star.hub.io(), ifindexes));
  }

  async enter(situation: Situation): Promise<string | undefined> {
    for (const { name, ports = [] } of situation.endpoints.values())
      for (const { protocol, port } of ports) {
        const id = `${name} ${protocol} ${port}`;
        if (protocol === 'SCTP' || this.#serving.has(id)) continue;
        await this.#star.member(name).peer.serve(protocol, port);
        this.#serving.add(id);
      }
    return this.#enforcement.enter(situation);
  }

  async judge(probes: readonly Probe[], expected: readonly JudgedVerdict[]): Promise<readonly Judgement[]> {
    const found: Judgement[] = await this.#round(probes, expected);
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      const wrong = probes.flatMap((_, i) => (fits(expected[i], found[i]) ? [] : [i]));
      if (wrong.length === 0) break;
      const again = await this.#round(
        wrong.map((i) => probes[i] as Probe),
        wrong.map((i) => expected[i] as JudgedVerdict),
      );
      wrong.forEach((i, at) => {
        found[i] = again[at] as Judgement;
      });
    }
    // once as expected may have been chance: what differs the second time is what is told
    const confirmed = await this.#round(probes, expected);
    return found.map((one, i) => {
      const other = confirmed[i] as Judgement;
      // an answer that did not come in time shows nothing; one that came does
      return other.verdict === 'deny' && one.verdict !== 'deny' ? one : other;
    });
  }

  async #round(probes: readonly Probe[], expected: readonly JudgedVerdict[]): Promise<Judgement[]> {
    const found: Judgement[] = [];
    for (let first = 0; first < probes.length; first += AT_ONCE) {
      const [some, of] = [probes, expected].map((all) => all.slice(first, first + AT_ONCE));
      found.push(...(await this.#together(some as Probe[], of as JudgedVerdict[])));
    }
    return found;
  }

  async #together(probes: readonly Probe[], expected: readonly JudgedVerdict[]): Promise<Judgement[]> {
    const bySource = new Map<string, number[]>();
    probes.forEach(({ from }, i) => {
      bySource.set(from, [...(bySource.get(from) ?? []), i]);
    });
    const found: Judgement[] = [];
    await Promise.all(
      [...bySource].map(async ([from, indexes]) => {
        const asked = indexes.map((i) => peerProbe(probes[i] as Probe, expected[i]));
        const outcomes = await this.#star.member(from).peer.probe(asked);
        indexes.forEach((i, at) => {
          found[i] = { verdict: VERDICTS[outcomes[at] as ProbeOutcome] };
        });
      }),
    );
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#enforcement[Symbol.asyncDispose]();
    await this.#star[Symbol.asyncDispose]();
  }
}

function fits(expected: JudgedVerdict | undefined, judgement: Judgement | undefined): boolean {
  return expected !== undefined && judgement !== undefined && agrees(expected, judgement.verdict);
}

function peerProbe(
  { protocol, destination, port = 0 }: Probe,
  expected: JudgedVerdict | undefined,
): PeerProbe {
  if (protocol === 'SCTP' || protocol === 'MLD') throw new Error(LACKS[protocol]);
  return { protocol, to: destination, port, timeoutMs: expected === 'deny' ? SILENT_MS : PATIENT_MS };
}
