// SPDX-License-Identifier: Apache-2.0
import { camel, pascal } from '../codegen/names.ts';
import type { Field, FieldType, Layout } from './layouts.ts';

/** A TypeScript module with a decoder for each layout. */
export function emitDecoders(program: string, layouts: readonly Layout[]): string {
  const body = layouts.map(emitLayout).join('\n');
  const texts = layouts.some(({ fields }) => fields.some(({ type }) => isText(type)));
  const imports = [
    ...(texts ? [`import { cString } from '../../base/bytes.ts';`] : []),
    `import type { Wire } from '../../base/wire.ts';`,
  ];
  return `// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/${program}/${program}.bpf.c by tools/ebpf/main.ts: do not edit.
${imports.join('\n')}

${body}`;
}

function isText(type: FieldType): boolean {
  return type.t === 'text' || (type.t === 'array' && isText(type.of));
}

/** Fields but for those that only fill. */
export function fieldsShown(fields: readonly Field[]): readonly Field[] {
  return fields.filter((field) => !/^_?pad\d*$/.test(field.name));
}

function emitLayout({ name, size, fields }: Layout): string {
  const type = pascal(name);
  const shown = fieldsShown(fields);
  const members = shown.map((field) => `  readonly ${camel(field.name)}: ${typeText(field.type)};`);
  const values = shown.map((field) => `    ${camel(field.name)}: ${valueText(field)},`);
  return [
    `/** struct ${name} */`,
    `export interface ${type} {`,
    ...members,
    '}',
    '',
    `export const ${name.toUpperCase()}_SIZE = ${size};`,
    '',
    `export function decode${type}(wire: Wire, at: number): ${type} {`,
    '  return {',
    ...values,
    '  };',
    '}',
    '',
  ].join('\n');
}

function typeText(type: FieldType): string {
  switch (type.t) {
    case 'int':
      return type.bytes === 8 ? 'bigint' : 'number';
    case 'bytes':
      return 'Uint8Array';
    case 'text':
      return 'string';
    case 'array':
      return `readonly ${typeText(type.of)}[]`;
    case 'struct':
      return pascal(type.layout.name);
  }
}

function valueText({ offset, type }: Field): string {
  return read(type, offset === 0 ? 'at' : `at + ${offset}`);
}

function read(type: FieldType, at: string): string {
  switch (type.t) {
    case 'int':
      return readInt(type, at);
    case 'bytes':
      return `wire.bytes.slice(${at}, ${at} + ${type.length})`;
    case 'text':
      return `cString(wire.bytes, ${at}, ${at} + ${type.length})`;
    case 'array':
      return `Array.from({ length: ${type.length} }, (_, i) => ${read(type.of, `${at} + i * ${type.size}`)})`;
    case 'struct':
      return `decode${pascal(type.layout.name)}(wire, ${at})`;
  }
}

function readInt({ bytes, signed }: { bytes: 1 | 2 | 4 | 8; signed: boolean }, at: string): string {
  const sign = signed ? 'Int' : 'Uint';
  if (bytes === 8) return `wire.view.getBig${sign}64(${at}, true)`;
  return `wire.view.get${sign}${bytes * 8}(${at}${bytes === 1 ? '' : ', true'})`;
}
