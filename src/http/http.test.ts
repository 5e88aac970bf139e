// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { NDJSON, prefers } from './accept.ts';
import { acceptsGzip } from './compress.ts';
import { RouteTable } from './not-found.ts';
import { readQuery } from './query.ts';

describe('acceptsGzip', () => {
  it.each(['gzip', 'deflate, gzip;q=0.5', 'GZIP', '*', 'x-gzip', 'br, *;q=0.1'])('yes to "%s"', (header) => {
    expect(acceptsGzip(header)).toBe(true);
  });
  it.each([undefined, '', 'identity', 'gzip;q=0', 'gzip; q=0.0, *', '*;q=0', 'gzip;q=x', 'gzipped'])(
    'no to "%s"',
    (header) => expect(acceptsGzip(header)).toBe(false),
  );
});

describe('prefers', () => {
  it.each([
    'application/x-ndjson',
    'application/x-ndjson, */*;q=0.1',
    'Application/X-NDJSON;q=0.9, application/json;q=0.5',
  ])('yes to "%s"', (header) => expect(prefers(NDJSON, header)).toBe(true));
  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/x-ndjson;q=0',
    'application/*',
    'application/json, application/x-ndjson',
  ])('no to "%s"', (header) => expect(prefers(NDJSON, header)).toBe(false));
});

describe('readQuery', () => {
  const schema = Type.Object({
    n: Type.Integer(),
    b: Type.Boolean(),
    l: Type.Array(Type.String()),
    t: Type.String(),
  });

  it('reads what is written exactly so', () => {
    expect(readQuery(schema, { n: '7', b: 'true', l: 'a,b', t: '7' })).toEqual({
      n: 7,
      b: true,
      l: ['a', 'b'],
      t: '7',
    });
    expect(readQuery(schema, { l: ['a', 'b,c'] })).toEqual({ l: ['a', 'b', 'c'] });
  });

  it.each(['', ' 7', '7 ', '1e3', '0x7', '7.0', '1'.repeat(16), '+7'])('leaves "%s" to be refused', (n) => {
    expect(readQuery(schema, { n })).toEqual({ n });
  });

  it('is not led astray by names of the prototype', () => {
    expect(Object.keys(readQuery(schema, JSON.parse('{"__proto__":"1","constructor":"2"}')))).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});

describe('RouteTable', () => {
  const table = new RouteTable();
  table.add('/a', 'GET');
  table.add('/a', ['POST']);
  table.add('/docs/*', 'GET');

  it('tells a wrong method from a wrong path', () => {
    expect(table.miss('PUT', '/a').message).toBe('PUT is not allowed on /a, use GET, POST');
    expect(table.miss('PUT', '/docs/x/y').code).toBe('METHOD_NOT_ALLOWED');
    expect(table.miss('GET', '/b')).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });
});
