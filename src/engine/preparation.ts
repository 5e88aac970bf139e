// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import type { ObjectId, OwnedObject } from '../model/object.ts';
import { withLines } from '../plan/lines.ts';
import type { Diagnostic } from '../plan/plan.ts';
import type { Asker } from './asking.ts';
import { withDevices } from './devices.ts';
import type { NextDocuments } from './documents.ts';
import { Features } from './features.ts';
import type { LatestDocuments, Scope } from './latest.ts';
import { checkObjects } from './objects.ts';
import type { EngineParts } from './parts.ts';
import { type Prepared, preparePlan } from './planning.ts';
import { policyErrors } from './policy/checked.ts';
import { type Profiled, withProfiles } from './profiles.ts';

export interface PrepareOptions {
  /** Look at everything that documents declare. */
  readonly whole?: boolean;
  /** What is not declared any more is let go of rather than removed. */
  readonly releases?: boolean;
}

/** From documents to a plan with all that is to be said of it. Nothing is changed. */
export class Preparation {
  readonly #parts: EngineParts;
  readonly #latest: LatestDocuments;
  readonly #features: Features;

  constructor(parts: EngineParts, latest: LatestDocuments) {
    this.#parts = parts;
    this.#latest = latest;
    this.#features = new Features((features) => parts.unsupported(features));
  }

  /** @throws {WeirError} `DOCUMENT` with every mistake. */
  async prepare(
    next: NextDocuments,
    owned: ReadonlyMap<ObjectId, OwnedObject>,
    { peers }: Asker,
    { whole = false, releases = false }: PrepareOptions = {},
  ): Promise<Prepared> {
    const parts = this.#parts;
    const scope = whole ? undefined : this.#latest.scope(next);
    const callers = await Promise.all(peers.map(async (peer) => (await parts.pathTo(peer)) ?? { peer }));
    const { documents, notes } = await this.#resolved(scope, next, owned);
    const task = { documents, scope, owned, callers, releases };
    const prepared = await preparePlan(parts.reader, this.#features, task);
    const { plan, desired, observed } = prepared;
    await checkObjects(parts, desired, observed, false);
    const policy = await policyErrors(parts, prepared);
    const diagnostics = withLines([...plan.diagnostics, ...policy, ...notes], documents);
    return { ...prepared, plan: { ...plan, diagnostics } };
  }

  /** The documents with the names of their devices and the settings of their profiles. */
  async #resolved(
    scope: Scope | undefined,
    next: NextDocuments,
    owned: ReadonlyMap<ObjectId, OwnedObject>,
  ): Promise<Profiled> {
    if (scope !== undefined) return { documents: scope.documents, notes: [] };
    const named = await withDevices(this.#parts, next.all());
    return withProfiles(this.#parts, named, (id) => owned.has(id));
  }
}

/** @throws {WeirError} `PLAN_REFUSED` with every error of the plan. */
export function mustBeAllowed(diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const problems = errors.map(({ message, origin }) => ({
    path: origin?.path ?? '',
    problem: message,
    ...(origin && { document: origin.document }),
    ...(origin?.file !== undefined && { file: origin.file }),
    ...(origin?.line !== undefined && { line: origin.line }),
  }));
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  throw new WeirError('PLAN_REFUSED', { count, first: errors[0]?.message }, { problems });
}
