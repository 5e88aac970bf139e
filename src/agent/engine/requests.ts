// SPDX-License-Identifier: Apache-2.0
// Bodies and options of requests into what the engine takes.
import { type Static, Type } from 'typebox';
import type { Caller, RawBody, RequestOptions } from '../../api/change-service.ts';
import { ApplyRequest, type RevisionRequest } from '../../api/schemas/change.ts';
import { messageOf, WeirError } from '../../base/errors.ts';
import { validated } from '../../base/validate.ts';
import { parseDocuments } from '../../documents/parse.ts';
import { validateDocuments } from '../../documents/validate.ts';
import type { Asker, ChangeWish, PlanWish } from '../../engine/asking.ts';
import { documentError } from '../../engine/documents.ts';
import type { Document } from '../../plan/document.ts';

/** Seconds that a change waits for its confirmation unless the request says otherwise. */
const CONFIRM_SECONDS = 120;

type Request = Static<typeof ApplyRequest>;

/** What a request to plan or to apply asks for. */
export interface ChangeRequest {
  readonly wish: PlanWish;
  readonly change: ChangeWish;
  readonly asker: Asker;
}

/**
 * Read a request.
 * @throws {WeirError} `REQUEST_INVALID` for a wrong option, `DOCUMENT` with every mistake of the documents.
 */
export function readRequest(body: RawBody, options: RequestOptions, caller: Caller): ChangeRequest {
  const text = new TextDecoder().decode(body.bytes);
  const given = body.mediaType === 'application/json' ? jsonOf(text) : {};
  const request = validated(ApplyRequest, { ...given, ...present(options) }, 'body');
  const files = body.mediaType === 'application/json' ? (request.files ?? []) : [{ name: 'request', text }];
  const documents = readDocuments(files, request.documents ?? []);
  return {
    wish: { documents, prune: request.prune ?? false },
    change: changeWish(request),
    asker: askerOf(caller, request.peer),
  };
}

/** How a confirmation or a rollback is wanted. */
export function readRevisionRequest(request: RevisionRequest, caller: Caller): Omit<ChangeRequest, 'wish'> {
  return { change: changeWish(request), asker: askerOf(caller, undefined) };
}

function changeWish(
  request: Pick<Request, 'confirmSeconds' | 'probes' | 'reason' | 'ifRevision'>,
): ChangeWish {
  return {
    confirmSeconds: request.confirmSeconds ?? CONFIRM_SECONDS,
    probes: request.probes ?? [],
    ...(request.reason !== undefined && { reason: request.reason }),
    ...(request.ifRevision !== undefined && { ifRevision: request.ifRevision }),
  };
}

function askerOf({ who, peer }: Caller, operator: string | undefined): Asker {
  return { who, peers: [peer, operator].filter((address) => address !== undefined) };
}

function readDocuments(
  files: readonly { readonly name: string; readonly text: string }[],
  values: readonly unknown[],
): readonly Document[] {
  const fromText = parseDocuments(files);
  const fromValues = validateDocuments(values);
  const problems = [...fromText.problems, ...fromValues.problems];
  if (problems.length > 0) throw documentError(problems);
  return [...fromText.documents, ...fromValues.documents];
}

const JSON_OBJECT = Type.Record(Type.String(), Type.Unknown());

function jsonOf(text: string): Record<string, unknown> {
  try {
    return validated(JSON_OBJECT, JSON.parse(text), 'body');
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('REQUEST_INVALID', { where: 'body', problem: messageOf(error) });
  }
}

function present(options: RequestOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
