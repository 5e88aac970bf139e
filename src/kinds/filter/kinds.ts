// SPDX-License-Identifier: Apache-2.0
import { bpf } from './bpf.ts';
import { flower } from './flower.ts';
import { fw } from './fw.ts';
import type { FilterKind } from './kind.ts';
import { matchall } from './matchall.ts';
import { u32 } from './u32.ts';

/** Every kind of filter that a document can declare. A new kind is one file and one line here. */
export const FILTER_KINDS: readonly FilterKind[] = [u32, flower, matchall, bpf, fw];

const byName = new Map(FILTER_KINDS.map((one) => [one.kind, one]));

/** The kind of that name. */
export function filterKind(name: unknown): FilterKind | undefined {
  return byName.get(String(name));
}
