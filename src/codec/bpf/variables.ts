// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { wireOf } from '../../base/wire.ts';
import type { Btf } from './btf.ts';

/** Values of `const volatile` integers of an eBPF object, by name. */
export type Variables = Readonly<Record<string, number | bigint | boolean>>;

/**
 * A copy of an object's .rodata in which these variables have these values.
 * @throws {WeirError} `BPF_OBJECT` for a variable that the object does not have, or whose size no integer has.
 */
export function patchVariables(btf: Btf, rodata: Uint8Array, values: Variables): Uint8Array {
  const bytes = rodata.slice();
  const { view } = wireOf(bytes);
  const variables = new Map(btf.variables('.rodata').map((one) => [one.name, one]));
  for (const [name, value] of Object.entries(values)) {
    const variable = variables.get(name);
    const refuse = (problem: string) => new WeirError('BPF_OBJECT', { problem });
    if (variable === undefined || variable.offset + variable.size > bytes.length)
      throw refuse(`it has no constant "${name}" (const volatile)`);
    const { offset, size } = variable;
    if (size === 1) view.setUint8(offset, Number(value));
    else if (size === 2) view.setUint16(offset, Number(value), true);
    else if (size === 4) view.setUint32(offset, Number(value), true);
    else if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else throw refuse(`its constant "${name}" is no integer`);
  }
  return bytes;
}
