// SPDX-License-Identifier: Apache-2.0
import type { FastifyServerOptions } from 'fastify';

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;

const acceptAll = () => () => () => true;
const plainJson = () => () => (body: unknown) => JSON.stringify(body);

/**
 * Fastify without its own validation and serialisation. Routes validate for themselves, with errors that name the
 * nearest property; bodies are written as they are, since the default would strip what a schema leaves open.
 */
export const schemaController: SchemaController = {
  // The declared types are those of ajv's own compiler.
  compilersFactory: { buildValidator: acceptAll, buildSerializer: plainJson } as unknown as NonNullable<
    SchemaController['compilersFactory']
  >,
};
