// SPDX-License-Identifier: Apache-2.0
// The use cases of operators' programs on the engine's thread: arguments in, bytes out.
import type { Caller, RawBody, RequestOptions } from '../../api/change-service.ts';
import type { ProgramService } from '../../api/program-service.ts';
import type { StoredObject } from '../../api/schemas/programs.ts';
import { WeirError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { API_VERSION } from '../../plan/document.ts';
import { bodyOf, json, jsonIn } from './bodies.ts';
import type { Measuring } from './measuring.ts';
import { programList, type ReportParts } from './program-report.ts';
import { readRequest } from './requests.ts';

type Methods = { readonly [M in keyof ProgramService]: (...args: never[]) => Promise<Uint8Array> };

interface Query {
  readonly measure?: boolean;
}

/** The use cases over an engine. */
export function programMethods(engine: Engine, parts: ReportParts, measuring: Measuring): Methods {
  const list = ({ measure = false }: Query) => {
    if (measure) measuring.hold();
    return programList(parts, measuring.isOn);
  };
  return {
    programs: async (query: Query) => json(await list(query)),
    async program(name: string, query: Query) {
      const found = (await list(query)).items.find((one) => one.name === name);
      if (found === undefined) throw unknown(name);
      return json(found);
    },
    async putProgram(name: string, body: RawBody, options: RequestOptions, caller: Caller) {
      const document = { apiVersion: API_VERSION, kind: 'Program', metadata: { name }, spec: jsonIn(body) };
      const { wish, change, asker } = readRequest(bodyOf({ documents: [document] }), options, caller);
      return json(await engine.apply(wish, change, asker));
    },
    async deleteProgram(name: string, options: RequestOptions, caller: Caller) {
      const document = `Program/${name}`;
      if (engine.documentNamed(document) === undefined) throw unknown(name);
      const { change, asker } = readRequest(bodyOf({}), options, caller);
      const wish = { documents: [], prune: false, remove: [document] };
      return json(await engine.apply(wish, change, asker));
    },
    async putObject(digest: string, bytes: Uint8Array) {
      await parts.programs.store(digest, bytes);
      const stored: StoredObject = { digest, bytes: bytes.length };
      return json(stored);
    },
  };
}

function unknown(name: string): WeirError {
  return new WeirError('NOT_FOUND', { what: 'program', name, hint: '' });
}
