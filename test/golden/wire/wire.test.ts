// SPDX-License-Identifier: Apache-2.0
// What real kernels sent: decoded as recorded, the same by the oracle, and encoded back to the same bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Encoder } from '../../../src/codec/encoder.ts';
import { buildModels, readSources } from '../../../tools/codegen/generate.ts';
import { debianFile } from '../../helpers/debian.ts';
import { type Capture, captures, codecOf, toJson, WIRE } from './cases.ts';
import { Interpreter } from './interpreter.ts';

const models = buildModels(readSources(debianFile('linux-doc-6.12', '')));
const model = (family: string) => models.find((candidate) => candidate.name === family)!;
const dumps = captures().filter((capture) => !capture.kind.endsWith(':error'));

async function decodeAll(capture: Capture): Promise<unknown[]> {
  const codec = await codecOf(capture.kind);
  return capture.messages.map(({ type, start, end }) => ({
    type,
    header: toJson(codec.decodeHeader(capture.wire, start, end)),
    attrs: toJson(codec.decodeAttrs(capture.wire, start + ((codec.headerSize + 3) & ~3), end)),
  }));
}

/** Families of which the recording kernel has nothing to say: CONFIG_WIREGUARD is off there. */
const SILENT = ['netlink', 'wireguard'];

test('there are captures of every family', () => {
  const families = new Set(dumps.map(({ kind }) => kind.split(':')[0]));
  expect([...families].sort()).toEqual(
    models
      .map(({ name }) => name)
      .filter((name) => !SILENT.includes(name))
      .sort(),
  );
});

describe.each(dumps)('$name', (capture) => {
  test('decodes to what was reviewed', async () => {
    const file = join(WIRE, capture.name, 'expect.json');
    const decoded = await decodeAll(capture);
    if (process.env['WEIR_UPDATE_GOLDEN'])
      writeFileSync(file, `[\n${decoded.map((message) => JSON.stringify(message)).join(',\n')}\n]\n`);
    expect(decoded).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('agrees with the interpreter', async () => {
    const codec = await codecOf(capture.kind);
    const oracle = new Interpreter(model(codec.family));
    const headers = new Interpreter(model(codec.struct === 'genlmsghdr' ? 'netlink' : codec.family));
    for (const { start, end } of capture.messages) {
      const attrs = start + ((codec.headerSize + 3) & ~3);
      const bytes = capture.wire.bytes;
      expect(codec.decodeHeader(capture.wire, start, end)).toEqual(
        headers.struct(codec.struct, bytes.subarray(start, end)),
      );
      expect(toJson(codec.decodeAttrs(capture.wire, attrs, end))).toEqual(
        toJson(oracle.attrs(codec.set, bytes.subarray(attrs, end))),
      );
    }
  });

  test('encodes to the bytes that it was decoded from', async () => {
    const codec = await codecOf(capture.kind);
    for (const { start, end } of capture.messages) {
      const attrs = start + ((codec.headerSize + 3) & ~3);
      const out = new Encoder();
      codec.encodeHeader(out, codec.decodeHeader(capture.wire, start, end));
      out.align();
      codec.encodeAttrs(out, codec.decodeAttrs(capture.wire, attrs, end));
      const sent = capture.wire.bytes.slice(start, end);
      expect(canonical(capture.kind, out.payload(), codec.headerSize)).toBe(
        canonical(capture.kind, sent, codec.headerSize),
      );
    }
  });
});

/** Structs that grew after the headers: their tails are not known, so they are cut before the comparison. */
const GROWN: Readonly<Record<string, number>> = {
  'rt-link/26/10/2': 232, // ipv6_devconf
  'inet-diag/2': 232, // tcp_info
};

/** Attributes in one order and without NLA_F_NESTED, which kernels set in some places only. */
function canonical(kind: string, payload: Uint8Array, header: number): string {
  return (
    Buffer.from(payload.subarray(0, header)).toString('hex') +
    sorted(payload.subarray((header + 3) & ~3), kind)
  );
}

function sorted(b: Uint8Array, path: string): string {
  const parts: string[] = [];
  const whole = Buffer.from(b.subarray(0, GROWN[path])).toString('hex');
  if (GROWN[path] !== undefined) return whole;
  let rest = b;
  while (rest.length >= 4) {
    const length = rest[0]! + 256 * rest[1]!;
    if (length < 4 || length > rest.length) return whole;
    const type = (rest[2]! + 256 * rest[3]!) & 0x3fff;
    parts.push(`${String(type).padStart(5, '0')}{${sorted(rest.subarray(4, length), `${path}/${type}`)}}`);
    rest = rest.subarray((length + 3) & ~3);
  }
  return rest.length > 0 ? whole : parts.sort().join('');
}
