// SPDX-License-Identifier: Apache-2.0
import type { RawBody } from '../../api/change-service.ts';
import { messageOf, WeirError } from '../../base/errors.ts';

/** The value in a body. @throws {WeirError} `REQUEST_INVALID` when it is not JSON. */
export function jsonIn({ bytes }: RawBody): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    throw new WeirError('REQUEST_INVALID', { where: 'body', problem: messageOf(error) });
  }
}

/** A value as a body. */
export function bodyOf(value: object): RawBody {
  return { mediaType: 'application/json', bytes: json(value) };
}

/** A value as JSON. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
