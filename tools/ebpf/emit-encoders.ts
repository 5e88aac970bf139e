// SPDX-License-Identifier: Apache-2.0
// The other way round, for objects whose maps user space writes: structs to bytes, and the names of numbers.
import { camel, pascal } from '../codegen/names.ts';
import { fieldsShown } from './emit.ts';
import type { FieldType, Layout } from './layouts.ts';

/** A function that writes a struct; what it does not show stays as it is. Locks are the kernel's. */
export function emitEncoder({ name, fields }: Layout): string {
  if (name === 'bpf_spin_lock') return '';
  const type = pascal(name);
  const written = fieldsShown(fields).filter(({ type }) => !isLock(type));
  const lock = fields.some(({ type }) => isLock(type));
  const value = lock ? `Omit<${type}, 'lock'>` : type;
  return [
    `export function encode${type}(wire: Wire, at: number, value: ${value}): void {`,
    ...written.flatMap(({ name, offset, type }) =>
      write(type, offset === 0 ? 'at' : `at + ${offset}`, `value.${camel(name)}`, 1),
    ),
    '}',
    '',
  ].join('\n');
}

function isLock(type: FieldType): boolean {
  return type.t === 'struct' && type.layout.name === 'bpf_spin_lock';
}

function write(type: FieldType, at: string, value: string, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  switch (type.t) {
    case 'int': {
      const sign = type.signed ? 'Int' : 'Uint';
      const call = type.bytes === 8 ? `setBig${sign}64` : `set${sign}${type.bytes * 8}`;
      return [`${indent}wire.view.${call}(${at}, ${value}${type.bytes === 1 ? '' : ', true'});`];
    }
    case 'bytes':
      return [`${indent}wire.bytes.set(${value}, ${at});`];
    case 'struct':
      return [`${indent}encode${pascal(type.layout.name)}(wire, ${at}, ${value});`];
    case 'array': {
      const at2 = `${at} + i * ${type.size}`;
      return [
        `${indent}${value}.forEach((one, i) => {`,
        ...write(type.of, at2, 'one', depth + 1),
        `${indent}});`,
      ];
    }
    case 'text':
      throw new Error(`${value}: texts are not written`);
  }
}

/** An enum as an object of its numbers, without the word that all names begin with. */
export function emitEnum(
  program: string,
  name: string,
  members: readonly (readonly [name: string, value: number])[],
): string {
  const prefix = `${program.toUpperCase()}_`;
  const own = `${prefix}${name.toUpperCase()}_`;
  const short = [own, `${prefix}${name.split('_')[0]?.toUpperCase()}_`, prefix].find((one) =>
    members.every(([member]) => member.startsWith(one)),
  );
  return [
    `/** enum ${program}_${name} */`,
    `export const ${prefix}${name.toUpperCase()} = {`,
    ...members.map(([member, value]) => `  ${member.slice(short?.length ?? 0)}: ${value},`),
    '} as const;',
    '',
  ].join('\n');
}
