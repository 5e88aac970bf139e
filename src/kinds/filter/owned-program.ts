// SPDX-License-Identifier: Apache-2.0

/** A function of a Program document, which a filter names in place of a pin's path. */
export interface OwnedProgram {
  /** Name of the document. */
  readonly of: string;
  readonly program: string;
}

/** `weir:guard/filter@1a2b3c4d`: with the version, so that another one is another name. */
export function ownedProgramName({ of, program }: OwnedProgram, version: string): string {
  return `weir:${of}/${program}@${version}`;
}

/** Undefined for the path of a pin. */
export function ownedProgramIn(name: unknown): OwnedProgram | undefined {
  const [, of, program] = /^weir:([^/]+)\/([^@]+)@/.exec(String(name)) ?? [];
  return of === undefined || program === undefined ? undefined : { of, program };
}
