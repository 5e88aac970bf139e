// SPDX-License-Identifier: Apache-2.0
// Bodies of requests. They are handed on as bytes: what can be megabytes is parsed where it is used.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { RawBody } from '../api/change-service.ts';
import { WeirError } from '../base/errors.ts';
import { validated } from '../base/validate.ts';

/** Media types that some route takes. */
export const BODY_TYPES = ['application/json', 'application/yaml'] as const;
export const BINARY_TYPE = 'application/octet-stream';
export type BodyType = RawBody['mediaType'] | typeof BINARY_TYPE;

/** Take bodies as bytes, whatever their type says. */
export function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...BODY_TYPES, BINARY_TYPE], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

/** @throws {WeirError} `MEDIA_TYPE` when there is a body of another type than `accepts`. */
export function requireBodyType(request: FastifyRequest, accepts: readonly BodyType[]): void {
  const { headers } = request.raw;
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  if (!hasBody || accepts.some((type) => type === bodyType(request))) return;
  const got = headers['content-type'] ?? '(none)';
  throw new WeirError('MEDIA_TYPE', { got, want: accepts.join(', ') });
}

/** The body as it came. @throws {WeirError} `REQUEST_INVALID` when there is none. */
export function rawBody(request: FastifyRequest): RawBody {
  const bytes = bytesOf(request);
  if (bytes.length === 0) throw new WeirError('REQUEST_INVALID', { where: 'body', problem: 'it is empty' });
  return { mediaType: bodyType(request) as RawBody['mediaType'], bytes };
}

/** A small body of JSON; an absent one is an empty object. @throws {WeirError} `REQUEST_INVALID`. */
export function jsonBody<S extends TSchema>(schema: S, request: FastifyRequest): Static<S> {
  const bytes = bytesOf(request);
  return validated(schema, bytes.length === 0 ? {} : parsed(bytes), 'body');
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeirError('REQUEST_INVALID', { where: 'body', problem: 'it is not JSON' }, { cause });
  }
}

/** The body; empty when there is none. */
export function bytesOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}

/** True for a body of bytes. */
export function isBinary(request: FastifyRequest): boolean {
  return bodyType(request) === BINARY_TYPE;
}

function bodyType(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
