// SPDX-License-Identifier: Apache-2.0
import { BTF_KIND, type Btf } from '../codec/bpf/btf.ts';

/**
 * Names of an enum of the running kernel without their prefix, by number. The numbers differ from kernel
 * to kernel. Empty where the kernel has no such enum, or tells no types.
 */
export function enumNames(btf: Btf | undefined, name: string, prefix: RegExp): ReadonlyMap<number, string> {
  const found = btf?.find(BTF_KIND.ENUM, name);
  if (btf === undefined || found === undefined) return new Map();
  return new Map(btf.enumerators(found).map(([text, value]) => [value, text.replace(prefix, '')]));
}
