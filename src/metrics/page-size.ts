// SPDX-License-Identifier: Apache-2.0
import { wireOf } from '../base/wire.ts';
import type { Source } from './collector.ts';
import { optional } from './optional.ts';

/** Of x64, and of most arm64 kernels. */
const USUAL = 4096;
const AT_PAGESZ = 6;
const ENTRY = 16;

/** Bytes of a page, in which the kernel counts socket memory: from the auxiliary vector that it gives each process. */
export async function pageSize(source: Source): Promise<number> {
  const bytes = await optional(source.proc('self/auxv'));
  if (bytes === undefined) return USUAL;
  const { view } = wireOf(bytes);
  for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY)
    if (view.getUint32(at, true) === AT_PAGESZ) return view.getUint32(at + ENTRY / 2, true);
  return USUAL;
}
