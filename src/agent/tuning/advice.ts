// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeService } from '../../api/change-service.ts';
import type { AdviceItem, AdviceQuery, AdviceReport } from '../../api/schemas/advice.ts';
import type { TuningService } from '../../api/tuning-service.ts';
import type { Clock } from '../../base/clock.ts';
import type { NamespaceSet, ObservedNamespace } from '../../observe/namespace-set.ts';
import { readSample } from '../../observe/tuning/sample.ts';
import { type Advice, advise } from '../../tuning/advice/advise.ts';
import { declaredIn } from '../../tuning/advice/documents.ts';
import { Window } from '../../tuning/advice/window.ts';
import { requireNamespace, requireThisNode } from '../service/service.ts';
import { currentDocuments } from './current-documents.ts';

/** How long to look unless somebody says otherwise. */
const SECONDS = 5;

/** What advice stands on. */
export interface AdviceParts {
  readonly namespaces: NamespaceSet;
  readonly change: Pick<
    ChangeService,
    'changeStatus' | 'revision' | 'plan' | 'apply' | 'confirm' | 'rollback'
  >;
  readonly clock: Clock;
}

/** The use case of advice, of the node that the agent runs on. */
export function createAdviceService(parts: AdviceParts): Pick<TuningService, 'advice'> {
  return {
    async advice(target, query): Promise<AdviceReport> {
      requireThisNode(target);
      const timestamp = parts.clock.now();
      const { advice, seconds } = await lookForAdvice(parts, query);
      return { timestamp, seconds, items: advice.map(itemOf) };
    },
  };
}

/** Advice of the namespaces that a query asks for, what weighs most first. @throws {WeirError} `NOT_FOUND`. */
export async function lookForAdvice(
  { namespaces, change, clock }: AdviceParts,
  { netns, seconds = SECONDS }: AdviceQuery,
): Promise<{ readonly advice: readonly Advice[]; readonly seconds: number }> {
  const chosen = netns === undefined ? namespaces.all() : [requireNamespace(namespaces, netns)];
  const documents = await currentDocuments(change);
  const began = clock.monotonic();
  const read = (one: ObservedNamespace) => readSample(one, { whole: true, now: () => clock.monotonic() });
  const before = new Map<ObservedNamespace, Awaited<ReturnType<typeof read>>>();
  for (const one of chosen) before.set(one, await read(one));
  await sleep(seconds * 1000);
  const advice: Advice[] = [];
  for (const [one, past] of before) {
    // it may have gone meanwhile
    if (namespaces.get(one.name) !== one) continue;
    const window = new Window(past, await read(one));
    advice.push(...advise(window, declaredIn(documents, one.name)));
  }
  advice.sort((a, b) => b.weight - a.weight);
  return { advice, seconds: (clock.monotonic() - began) / 1000 };
}

function itemOf({ settings, evidence, dev: _, ...rest }: Advice): AdviceItem {
  return {
    ...rest,
    evidence: [...evidence],
    settings: settings.map(({ proposal, name, current = null, handSet, writable }) => ({
      name,
      current,
      proposed: proposal.value,
      handSet,
      writable,
    })),
  };
}
