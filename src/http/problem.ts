// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Problem } from '../api/schemas/problem.ts';
import { WeirError } from '../base/errors.ts';
import { BODY_TYPES } from './body.ts';

/** Media type of every error (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** Characters of a log that are told: its end says why. */
const LOG_CHARACTERS = 64 << 10;

/** What is known of the request when its error is told. */
export interface FaultContext {
  readonly path: string;
  readonly method: string;
  readonly contentType: string | undefined;
  readonly bodyLimit: number;
}

/** An error as the document that the client gets. */
export function problemOf(error: WeirError, instance?: string): Problem {
  const { status, retryable } = error.kind;
  const { log } = error.details;
  return {
    type: `urn:weir:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    retryable,
    ...(instance === undefined ? {} : { instance }),
    ...(typeof log === 'string' && { log: log.slice(-LOG_CHARACTERS) }),
    ...(error.problems.length === 0 ? {} : { errors: [...error.problems] }),
  };
}

/**
 * Anything thrown while a request was served, as a WeirError: the framework's own complaints become the catalogue's;
 * what is left is our fault, and its text stays in the log.
 */
export function asWeirError(error: unknown, context: FaultContext): WeirError {
  if (error instanceof WeirError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new WeirError('BODY_TOO_LARGE', { limit: context.bodyLimit }, { cause: error });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new WeirError(
      'MEDIA_TYPE',
      { got: context.contentType ?? '(none)', want: BODY_TYPES.join(', ') },
      { cause: error },
    );
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new WeirError('REQUEST_INVALID', { where: context.path, problem: plain(error) }, { cause: error });
  return new WeirError('INTERNAL', { problem: 'see the log of the agent' }, { cause: error });
}

/** What went wrong after an answer had begun: in the log and as a document. */
export function brokenOff(thrown: unknown, request: FastifyRequest): Problem {
  const path = request.routeOptions.url ?? '';
  const error = asWeirError(thrown, { path, method: 'GET', contentType: undefined, bodyLimit: 0 });
  const level = error.code === 'INTERNAL' ? 'error' : 'debug';
  request.log[level]({ err: thrown, code: error.code, path }, 'list broke off');
  return problemOf(error, path);
}

function plain(error: unknown): string {
  return error instanceof Error ? error.message : 'malformed';
}
