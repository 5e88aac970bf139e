// SPDX-License-Identifier: Apache-2.0
import type { Caller, RawBody, Rendered, RequestOptions } from './change-service.ts';
import type { ApplyReport } from './schemas/change.ts';
import type { Target } from './target.ts';

/** Operators' eBPF programs. Putting and deleting one are changes like any other. */
export interface ProgramService {
  /** ProgramList. With `measure` the kernel counts and times runs for the next 10 s. */
  programs(target: Target, query: { readonly measure?: boolean }): Promise<Rendered<'ProgramList'>>;
  /** ProgramReport. @throws {WeirError} `NOT_FOUND`. */
  program(
    target: Target,
    name: string,
    query: { readonly measure?: boolean },
  ): Promise<Rendered<'ProgramReport'>>;
  /** Apply one Program document: `body` is its `spec`. */
  putProgram(
    target: Target,
    name: string,
    body: RawBody,
    options: RequestOptions,
    caller: Caller,
  ): Promise<ApplyReport>;
  /** Apply the current documents without this one. @throws {WeirError} `NOT_FOUND`. */
  deleteProgram(target: Target, name: string, options: RequestOptions, caller: Caller): Promise<ApplyReport>;
  /** StoredObject: keep an object for documents to name. @throws {WeirError} `BPF_OBJECT` for another digest. */
  putObject(target: Target, digest: string, bytes: Uint8Array): Promise<Rendered<'StoredObject'>>;
}
