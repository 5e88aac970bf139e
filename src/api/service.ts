// SPDX-License-Identifier: Apache-2.0
// The use cases: all that HTTP and the command line see of the agent.
import type { CaptureService } from './capture-service.ts';
import type { ChangeService } from './change-service.ts';
import type { DropsService } from './drops-service.ts';
import type { FlowsService } from './flows-service.ts';
import type { PolicyService } from './policy-service.ts';
import type { ProgramService } from './program-service.ts';
import type { EventQuery, FeedEvent } from './schemas/events.ts';
import type { NamespaceList, NodeInfo, Readiness } from './schemas/node.ts';
import type {
  Page,
  StateDocument,
  StateFilter,
  StateKind,
  StateObjects,
  StateQuery,
} from './schemas/state.ts';
import type { LinkStatsReport } from './schemas/stats.ts';
import type { Target } from './target.ts';
import type { TuningService } from './tuning-service.ts';

/** Ends a feed. */
export interface Feed {
  close(): void;
}

/**
 * What can be asked of nodes. Every method takes the node and returns plain data.
 * All throw {WeirError} `NOT_FOUND` for a node, namespace or device that does not exist.
 */
export interface WeirService
  extends ObserveService,
    CaptureService,
    ChangeService,
    DropsService,
    FlowsService,
    PolicyService,
    ProgramService,
    TuningService {}

/** Looking at a node, which changes nothing. */
export interface ObserveService {
  /** What the agent is, what it runs on, and what it cannot do there. */
  node(target: Target): Promise<NodeInfo>;
  /** The namespaces that are watched. */
  namespaces(target: Target): Promise<NamespaceList>;
  /** Whether every namespace is synchronised. */
  readiness(target: Target): Promise<Readiness>;
  /**
   * One page of the objects of `kind`, in the kernel's order. A page starts where the one before ended; objects that
   * come or go in between may be missed or seen twice.
   */
  list<K extends StateKind>(target: Target, kind: K, query: StateQuery): Promise<Page<StateObjects[K]>>;
  /**
   * All objects of `kind`, in the kernel's order, each as JSON, in batches. They are read from the kernel as they are asked for, so
   * any number needs the memory of a batch or two. Who stops asking ends the generator or aborts `signal`.
   * The first batch throws what `list` throws; a later one may throw too, e.g. `DUMP_INTERRUPTED` when the kernel's
   * state changed meanwhile, and then the batches before are not the whole.
   */
  stream(
    target: Target,
    kind: StateKind,
    query: StateFilter,
    signal: AbortSignal,
  ): AsyncGenerator<readonly string[], void>;
  /** The first page of every kind. */
  state(target: Target, query: Pick<StateQuery, 'netns' | 'limit'>): Promise<StateDocument>;
  /** Counters of every device of every watched namespace. */
  linkStats(target: Target): Promise<LinkStatsReport>;
  /**
   * Follow changes. `after` is the id of the last event that the caller has: what came since is delivered first, or a
   * gap where that is no longer kept. Resolves once nothing that changes will be missed; `deliver` may be called
   * before, is called in order, and must not throw.
   */
  follow(
    target: Target,
    query: EventQuery,
    after: string | undefined,
    deliver: (event: FeedEvent) => void,
  ): Promise<Feed>;
  /** One scrape in the Prometheus text format 0.0.4, as chunks that belong behind each other. */
  scrape(target: Target): Promise<ScrapeChunks>;
}

/**
 * The chunks of a scrape. `release` says that they have been sent: their memory then serves the next scrape. Who does
 * not call it leaves megabytes to the garbage collector, and no harm is done.
 */
export type ScrapeChunks = readonly Uint8Array[] & { readonly release?: () => void };
