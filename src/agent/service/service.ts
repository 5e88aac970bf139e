// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import {
  STATE_KINDS,
  type StateDocument,
  type StateKind,
  type StateObjects,
  type StateQuery,
} from '../../api/schemas/state.ts';
import type { ObserveService, ScrapeChunks } from '../../api/service.ts';
import { type Target, THIS_NODE } from '../../api/target.ts';
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { NamespaceSet, ObservedNamespace } from '../../observe/namespace-set.ts';
import type { EventHub } from '../event-hub.ts';
import { linkStatsReport } from './link-stats.ts';
import { listObjects, streamObjects } from './lists.ts';
import { type AgentFacts, describeNamespace, describeNode } from './node.ts';

/** What the use cases of one node stand on. */
export interface ServiceParts {
  readonly namespaces: NamespaceSet;
  readonly events: EventHub;
  readonly scrape: () => Promise<ScrapeChunks>;
  readonly facts: AgentFacts;
  readonly clock: Clock;
}

/** The use cases of looking, of the node that the agent runs on. */
export function createService({ namespaces, events, scrape, facts, clock }: ServiceParts): ObserveService {
  const list = async <K extends StateKind>(target: Target, kind: K, query: StateQuery) => {
    requireThisNode(target);
    return listObjects(requireNamespace(namespaces, query.netns ?? ''), kind, query);
  };
  return {
    list,
    stream(target, kind, query, signal) {
      requireThisNode(target);
      return streamObjects(requireNamespace(namespaces, query.netns ?? ''), kind, query, signal);
    },
    async state(target, query) {
      const pages: Partial<Record<StateKind, unknown>> = {};
      for (const kind of STATE_KINDS) pages[kind] = await list<keyof StateObjects>(target, kind, query);
      return pages as StateDocument;
    },
    async node(target) {
      requireThisNode(target);
      const own = requireNamespace(namespaces, '');
      return describeNode(facts, own, namespaces.all(), namespaces.problems());
    },
    async namespaces(target) {
      requireThisNode(target);
      return { items: namespaces.all().map(describeNamespace) };
    },
    async readiness(target) {
      requireThisNode(target);
      const waiting = namespaces.all().filter(isUnread);
      return { ready: waiting.length === 0, waiting: waiting.map(({ name }) => `namespace "${name}"`) };
    },
    async linkStats(target) {
      requireThisNode(target);
      return linkStatsReport(namespaces.all(), clock);
    },
    async follow(target, query, after, deliver) {
      requireThisNode(target);
      if (query.netns !== undefined) requireNamespace(namespaces, query.netns);
      return events.follow(query, after, deliver);
    },
    async scrape(target) {
      requireThisNode(target);
      return scrape();
    },
  };
}

/** @throws {WeirError} `NOT_FOUND` for another node than the one that the agent runs on. */
export function requireThisNode(target: Target): void {
  if (target === THIS_NODE || target === os.hostname()) return;
  throw new WeirError('NOT_FOUND', { what: 'node', name: target, hint: '' });
}

/** @throws {WeirError} `NOT_FOUND` for a namespace that is not watched. */
export function requireNamespace(namespaces: NamespaceSet, name: string): ObservedNamespace {
  const found = namespaces.get(name);
  if (found !== undefined) return found;
  const names = namespaces.all().map((namespace) => namespace.name);
  const hint = didYouMean(name, names.slice(1)) || ' that the agent watches';
  throw new WeirError('NOT_FOUND', { what: 'network namespace', name, hint });
}

/** Never read, or not to be read any more. While it catches up with events it is still whole. */
function isUnread({ snapshot }: ObservedNamespace): boolean {
  const { synchronisations, error } = snapshot.status();
  return synchronisations === 0 || error !== undefined;
}
