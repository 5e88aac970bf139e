// SPDX-License-Identifier: Apache-2.0
import { createHash, timingSafeEqual } from 'node:crypto';
import { Type } from 'typebox';
import { ROLES, type Role } from '../../api/role.ts';
import { WeirError } from '../../base/errors.ts';
import { complaints } from '../../base/validate.ts';

/** Characters of 256 random bits in base64url; shorter tokens could be guessed and are refused. */
const MIN_TOKEN_LENGTH = 43;

/** The file of tokens. It holds SHA-256 sums only: a random token of 256 bits needs no slower hash. */
export const TokenFile = Type.Object(
  {
    tokens: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 64, description: 'Who has it; stands in the log' }),
          role: Type.Enum([...ROLES]),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the token, in hex' }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/** Whose token it was. */
export interface TokenOwner {
  readonly name: string;
  readonly role: Role;
}

interface Entry extends TokenOwner {
  readonly hash: Buffer;
}

/** The tokens that are valid now. */
export class TokenTable {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** @throws {WeirError} `CONFIG` naming `file` when `value` is not a {@link TokenFile}. */
  static parse(file: string, value: unknown): TokenTable {
    const [first] = complaints(TokenFile, value);
    if (first !== undefined) throw new WeirError('CONFIG', { file, ...first });
    const { tokens } = value as { tokens: readonly { name: string; role: Role; sha256: string }[] };
    const twice = tokens.find((one, i) => tokens.findIndex((other) => other.name === one.name) !== i);
    if (twice !== undefined)
      throw new WeirError('CONFIG', {
        file,
        path: 'tokens',
        problem: `the name "${twice.name}" stands twice`,
      });
    return new TokenTable(
      tokens.map(({ name, role, sha256 }) => ({ name, role, hash: Buffer.from(sha256, 'hex') })),
    );
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Whose token this is. Takes the same time for every token that is not known. */
  find(token: string): TokenOwner | undefined {
    const hash = createHash('sha256').update(token).digest();
    let owner: Entry | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.hash, hash)) owner = entry;
    return token.length < MIN_TOKEN_LENGTH ? undefined : owner;
  }
}
