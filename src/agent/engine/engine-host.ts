// SPDX-License-Identifier: Apache-2.0
// The use cases of changing on the engine's thread: arguments in, bytes out.
import type { Caller, ChangeService, PlanView, RawBody, RequestOptions } from '../../api/change-service.ts';
import type { ChangeStatus, RevisionRequest, RevisionSummary } from '../../api/schemas/change.ts';
import { WeirError } from '../../base/errors.ts';
import { renderDocuments } from '../../documents/render.ts';
import type { DriftWatch } from '../../engine/drift/drift-watch.ts';
import type { Engine, PlanAnswer } from '../../engine/engine.ts';
import type { RevisionRecord } from '../../engine/journal/records.ts';
import { exportDocuments } from '../../plan/export.ts';
import { renderPlan } from '../../plan/render.ts';
import { planReport } from '../../plan/report.ts';
import { keptSettings } from './kept-settings.ts';
import { readRequest, readRevisionRequest } from './requests.ts';

type Methods = { readonly [M in keyof ChangeService]: (...args: never[]) => Promise<Uint8Array> };

const PAGE = 50;

/** The use cases over an engine. */
export function engineMethods(engine: Engine, drift: DriftWatch): Methods {
  return {
    async plan(body: RawBody, options: RequestOptions, caller: Caller, view?: PlanView) {
      const { wish, asker } = readRequest(body, options, caller);
      return json(planAnswer(await engine.plan(wish, asker), view));
    },
    async apply(body: RawBody, options: RequestOptions, caller: Caller) {
      const { wish, change, asker } = readRequest(body, options, caller);
      return json(await engine.apply(wish, change, asker));
    },
    async confirm(request: RevisionRequest, { who }: Caller) {
      return json(engine.confirm(who, request.revision ?? request.ifRevision));
    },
    async rollback(request: RevisionRequest, caller: Caller) {
      const { change, asker } = readRevisionRequest(request, caller);
      return json(await engine.rollback(request.revision, change, asker));
    },
    async changeStatus() {
      return json(statusOf(engine, drift));
    },
    async revisions({ limit = PAGE, cursor }: { readonly limit?: number; readonly cursor?: string }) {
      const items = engine.history(limit, cursor === undefined ? undefined : cursorOf(cursor));
      const last = items.at(-1)?.revision;
      const more = items.length === limit && last !== undefined && last > 1;
      return json({ items: items.map((one) => summary(engine, one)), ...(more && { next: String(last) }) });
    },
    async revision(revision: number) {
      const content = engine.documentsOf(revision).map(({ value }) => value);
      const found = engine.journal.revision(revision);
      if (found === undefined)
        throw new WeirError('NOT_FOUND', { what: 'revision', name: revision, hint: '' });
      const { plan: diff, ...record } = found;
      return json({ ...summary(engine, record), content, diff });
    },
    async exportState({ netns = '', form }: { readonly netns?: string; readonly form?: 'json' | 'yaml' }) {
      const observed = await engine.parts.reader.read({ netns, keys: new Map(), all: true });
      const kept = await keptSettings(engine, netns, observed);
      const documents = exportDocuments([...observed.values(), ...kept]);
      return form === 'yaml' ? bytesOf(renderDocuments(documents)) : json({ documents });
    },
    async diff({ from, to }: { readonly from?: number; readonly to?: number }, view?: PlanView) {
      return json(planAnswer(await engine.diff(from, to), view));
    },
  };
}

function planAnswer({ revision, plan }: PlanAnswer, { view = 'actions', full = false }: PlanView = {}) {
  const report = { revision, ...planReport(plan) };
  if (view === 'actions') return report;
  return {
    ...report,
    actions: [],
    text: renderPlan(plan, { color: view === 'color', ...(full && { fold: Number.POSITIVE_INFINITY }) }),
  };
}

function statusOf(engine: Engine, drift: DriftWatch): ChangeStatus {
  const { deadline, ...status } = engine.status();
  return {
    ...status,
    ...(deadline !== undefined && { deadline: iso(deadline) }),
    drift: drift.items() as ChangeStatus['drift'],
  };
}

function summary(engine: Engine, record: RevisionRecord): RevisionSummary {
  const { journal } = engine;
  const open = journal.openChange;
  const deadline = open?.revision === record.revision ? open.deadline : undefined;
  const { documents, ...rest } = record;
  return {
    ...rest,
    time: iso(record.time),
    documents: [...documents],
    ...(deadline !== undefined && { deadline: iso(deadline) }),
    current: record.revision === journal.current,
  };
}

function cursorOf(cursor: string): number {
  const before = Number(cursor);
  if (Number.isInteger(before) && before > 0) return before;
  throw new WeirError('REQUEST_INVALID', { where: 'query: cursor', problem: 'is not one that a page gave' });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function json(value: unknown): Uint8Array {
  return bytesOf(JSON.stringify(value));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
