// SPDX-License-Identifier: Apache-2.0
// Requests made from an OpenAPI document: right ones, ones at the edges, and wrong ones of many kinds.

/** What the fuzzer reads of an OpenAPI document. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
}

/** One request to send. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Random numbers that repeat for a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 <= x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH'];

/** Values that are wrong nearly everywhere. Those that begin with % are sent as they stand. */
const NASTY = [
  '',
  '0',
  '-1',
  '1e3',
  '0x10',
  '99999999999999999999',
  'true',
  'null',
  '[]',
  '{}',
  'lo',
  '../../etc/passwd',
  '/proc/self/ns/net',
  'pid:1',
  '%00',
  '%ff%fe',
  '%c3%28',
  '%F0%9F%9A%80',
  '%0d%0aset-cookie:x',
  '%zz',
  '%',
  '%2e%2e%2f',
  'a'.repeat(5000),
  "' OR 1=1 --",
  '$(reboot)',
  '{{7*7}}',
];

const NAMES = [
  'limti',
  '__proto__',
  'constructor',
  'toString',
  'devise',
  'a[b]',
  'limit[]',
  'netns.x',
  '',
  '%00',
];

const HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['accept', ['*/*', 'text/html', 'application/json;q=0', ',,,', 'x'.repeat(2000)]],
  ['accept-encoding', ['gzip', 'gzip;q=0', 'br', '*;q=0.1', ';;;=', 'gzip;q=NaN', 'identity;q=0, *;q=0']],
  ['content-type', ['application/json', 'text/plain', 'application/x-www-form-urlencoded', ';', 'a/b/c', '']],
  ['authorization', ['Bearer x', 'Bearer ', 'Basic eDp5', 'x'.repeat(4000), 'Bearer \u00e9']],
  ['last-event-id', ['0', 'x-1', '-1', '999999999999999999', 'a'.repeat(500)]],
  ['range', ['bytes=0-1', 'bytes=-1']],
  ['if-none-match', ['*', '"x"']],
  ['cookie', ['a=b; c', '=']],
  ['x-forwarded-for', ['127.0.0.1']],
  ['x-http-method-override', ['DELETE']],
  ['host', ['x', 'a b', '[::1', ''.padEnd(300, 'h')]],
];

const BODIES = [
  '{}',
  '[]',
  '{"a":',
  'null',
  '"x"',
  '{"__proto__":{"a":1}}',
  '\u0000\u0001',
  'x'.repeat(3000),
];

/** Operations that take a second by design: asked seldom, and never for longer. */
const SLOW = ['/v1/flows'];

function pickPath(document: ApiDocument, random: Random): string {
  const path = random.pick(Object.keys(document.paths));
  return SLOW.includes(path) && random.chance(0.95) ? '/readyz' : path;
}

/** A request for one of the document's operations, with `random` mistakes. */
export function fuzzRequest(document: ApiDocument, random: Random): FuzzRequest {
  const path = pickPath(document, random);
  const operation = document.paths[path]?.['get'];
  const method = random.chance(0.8) ? 'GET' : random.pick(METHODS);
  const target = `${random.chance(0.03) ? mangled(path, random) : path}${queryOf(operation?.parameters, random)}`;
  const headers: Record<string, string> = {};
  while (random.chance(0.3)) {
    const [name, values] = random.pick(HEADERS);
    headers[name] = random.pick(values);
  }
  if (!random.chance(method === 'GET' || method === 'HEAD' ? 0.02 : 0.7))
    return { method, path: target, headers };
  const body = random.pick(BODIES);
  return { method, path: target, headers: { ...headers, 'content-length': String(body.length) }, body };
}

/** The bytes of a request with a few of them changed, cut off, or doubled. */
export function garbledBytes(request: FuzzRequest, random: Random): Buffer {
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${request.method} ${request.path} HTTP/1.1\r\nhost: x\r\n${headers.join('')}\r\n${request.body ?? ''}`;
  const bytes = Buffer.from(text, 'latin1');
  for (let i = random.below(6); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  if (random.chance(0.2)) return bytes.subarray(0, random.below(bytes.length));
  return random.chance(0.2) ? Buffer.concat([bytes, bytes]) : bytes;
}

function mangled(path: string, random: Random): string {
  const edits = [
    () => `${path}/`,
    () => path.toUpperCase(),
    () => `/${path}`,
    () => `${path}/..%2f..`,
    () => path.replace('v1', 'v2'),
    () => `${path}%00`,
    () => `${path}/${random.pick(NASTY)}`,
    () => `http://other${path}`,
    () => '*',
  ];
  return random
    .pick(edits)()
    .replace(/[^\x21-\x7e]/g, '%20');
}

function queryOf(parameters: readonly Parameter[] = [], random: Random): string {
  const pairs = parameters
    .filter((parameter) => parameter.in === 'query' && random.chance(0.4))
    .map(
      ({ name, schema }) =>
        `${name}=${encoded(random.chance(0.7) ? fitting(shortened(name, schema), random) : random.pick(NASTY))}`,
    );
  if (random.chance(0.1)) pairs.push(`${random.pick(NAMES)}=${encoded(random.pick(NASTY))}`);
  if (random.chance(0.05) && pairs[0] !== undefined) pairs.push(pairs[0]);
  if (random.chance(0.02)) pairs.push('&&;=&');
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Without values that make a request wait long. */
function shortened(name: string, schema: Schema): Schema {
  return name === 'seconds' ? { enum: ['1', '0', '-1', '1e9', '61'] } : schema;
}

function encoded(value: string): string {
  return value.startsWith('%') ? value : encodeURIComponent(value);
}

/** A value that the schema allows, often at its edge, sometimes one step beyond. */
function fitting(schema: Schema, random: Random): string {
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if (schema.items !== undefined)
    return [schema.items, schema.items].map((one) => fitting(one, random)).join(',');
  const { minimum = 0, maximum = 2 ** 31 } = schema;
  const numbers = [minimum - 1, minimum, minimum + 1, 1, 5, maximum - 1, maximum, maximum + 1];
  if (schema.type === 'integer' || schema.pattern !== undefined) return String(random.pick(numbers));
  const length = schema.maxLength ?? 20;
  return random.pick(['lo', 'up0', 'main', '', 'x'.repeat(length), 'x'.repeat(length + 1)]);
}
