// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints } from '../../base/validate.ts';
import type { Spec } from '../../model/object.ts';
import { trafficClass } from '../class/class.ts';
import type { ObjectClass } from '../object-class.ts';
import { DECLARED_QDISCS, declaredQdisc, observedOptions } from './declared.ts';
import { parseProbability, renderProbability } from './probability.ts';
import { bytesToTicks, roundestBytes } from './psched.ts';
import { qdisc } from './qdisc.ts';
import {
  parseFineTime,
  parseRate,
  parseSize,
  parseTime,
  renderFineTime,
  renderRate,
  renderSize,
  renderTime,
} from './units.ts';

function declaredOf(
  kind: ObjectClass,
  item: Spec,
): { readonly spec: Spec; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const [found] = kind.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  return { spec: found?.spec ?? {}, problems };
}

describe('quantities', () => {
  test.for<[(value: string | number) => number, string | number, number]>([
    [parseRate, '50mbit', 6_250_000],
    [parseRate, '1.5Gbit', 187_500_000],
    [parseRate, '1kibit', 128],
    [parseRate, '10kbps', 10_000],
    [parseRate, 125, 125],
    [parseSize, '32kb', 32_768],
    [parseSize, '32k', 32_768],
    [parseSize, '1500b', 1500],
    [parseSize, '1mbit', 131_072],
    [parseTime, '10ms', 10_000],
    [parseTime, '0.5s', 500_000],
    [parseTime, 7, 7],
    [parseFineTime, '1.5us', 1500],
  ])('%o of %s', ([parse, text, value]) => {
    expect(parse(text)).toBe(value);
  });

  test.for<[(value: string | number) => number, string | number, string]>([
    [parseRate, '50', 'write a number with a unit, such as 50mbit'],
    [parseRate, '50mb', 'such as 50mbit'],
    [parseRate, '1bit', 'is no whole number of bytes per second'],
    [parseRate, '1000tbps', ''],
    [parseRate, '50 mbit', 'such as 50mbit'],
    [parseRate, 'constructor', 'such as 50mbit'],
    [parseRate, '5constructor', 'such as 50mbit'],
    [parseSize, '4g', 'is beyond what the kernel takes'],
    [parseSize, '0.3b', 'is no whole number of bytes'],
    [parseSize, -1, 'is beyond'],
    [parseTime, '10', 'such as 10ms'],
    [parseTime, '2h', 'such as 10ms'],
  ])('%o of %s is refused', ([parse, text, problem]) => {
    if (problem === '') expect(parse(text)).toBe(1e15);
    else expect(() => parse(text)).toThrow(problem);
  });

  test('what is written is read back', () => {
    const pairs = [
      [parseRate, renderRate, 1e15],
      [parseSize, renderSize, 0xffff_ffff],
      [parseTime, renderTime, 0xffff_ffff],
      [parseFineTime, renderFineTime, 1e15],
      [parseProbability, renderProbability, 0xffff_ffff],
    ] as const;
    for (const [parse, render, max] of pairs)
      fc.assert(fc.property(fc.integer({ min: 0, max }), (value) => parse(render(value)) === value));
    expect([renderRate(6_250_000), renderSize(32_768), renderTime(4999)]).toEqual([
      '50mbit',
      '32kb',
      '4999us',
    ]);
    expect([renderRate(0), renderProbability(parseProbability('0.1%'))]).toEqual(['0bit', '0.1%']);
  });

  test('the roundest burst takes as long as the given one', () => {
    const rate = fc.integer({ min: 1, max: 50_000_000_000 });
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 0xffff_ffff }), (at, bytes) => {
        const ticks = bytesToTicks(at, bytes);
        fc.pre(ticks <= 0xffff_ffff);
        expect(bytesToTicks(at, roundestBytes(at, ticks))).toBe(ticks);
      }),
    );
    expect(roundestBytes(1_250_000_000, bytesToTicks(1_250_000_000, 32_768))).toBe(32_768);
  });

  test('times of codel are what the kernel makes of them', () => {
    const target = declaredQdisc('codel')?.settings['target'];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (us) => {
        // CODEL_SHIFT there, codel_time_to_us() back
        const reported = Number((((BigInt(us) * 1000n) >> 10n) * 1024n) / 1000n);
        expect(target?.observed?.(reported as never)).toBe(target?.canonical?.(us as never));
      }),
    );
    expect(target?.observed?.(4999 as never)).toBe('5ms');
  });
});

describe('mistakes are named', () => {
  const rate = '1mbit';
  test.for<[string, ObjectClass, Spec, string]>([
    ['another kind', qdisc, { kind: 'tbf', htb: {} }, 'htb: belongs to kind htb'],
    ['no rate', qdisc, { kind: 'tbf', tbf: { burst: '5kb', limit: '9kb' } }, 'tbf.rate: is missing'],
    ['nothing at all', qdisc, { kind: 'tbf' }, 'tbf.burst: is missing'],
    ['a bad rate', qdisc, { kind: 'tbf', tbf: { rate: '5x', burst: 1, limit: 1 } }, 'tbf.rate: rate "5x"'],
    ['no limit', qdisc, { kind: 'tbf', tbf: { rate, burst: '5kb' } }, 'tbf.limit: and `latency` exclude'],
    ['a long burst', qdisc, { kind: 'tbf', tbf: { rate, burst: '1mb', limit: 1 } }, 'tbf.burst: takes 8 s'],
    [
      'no burst',
      qdisc,
      { kind: 'tbf', tbf: { rate, burst: 0, limit: 1 } },
      'tbf.burst: must be more than zero',
    ],
    ['no speed', qdisc, { kind: 'tbf', tbf: { rate: 0, burst: 1, limit: 1 } }, 'tbf.rate: must be more'],
    [
      'a low peak',
      qdisc,
      { kind: 'tbf', tbf: { rate, burst: '5kb', limit: 1, peakrate: 1, minburst: 1 } },
      'tbf.peakrate: must be more than `rate`',
    ],
    [
      'half a peak',
      qdisc,
      { kind: 'tbf', tbf: { rate, burst: '5kb', limit: 1, peakrate: '2mbit' } },
      'minburst',
    ],
    [
      'a tbf for what comes in',
      qdisc,
      { kind: 'pfifo', parent: 'ingress' },
      'parent: is for the kind ingress',
    ],
    ['clsact at the root', qdisc, { kind: 'clsact', parent: 'root' }, 'parent: must be clsact'],
    ['a handle of clsact', qdisc, { kind: 'clsact', handle: '1:' }, 'handle: is always ffff:'],
    ["the default's handle", qdisc, { kind: 'pfifo', handle: '0:' }, 'handle: is that of the default'],
    ['a block of htb', qdisc, { kind: 'htb', ingress_block: 1 }, 'ingress_block: is for ingress and clsact'],
    ['a second block', qdisc, { kind: 'ingress', egress_block: 1 }, 'egress_block: is for clsact'],
    ['under the root', qdisc, { kind: 'pfifo', under: 'root' }, 'under: goes only with a class'],
    ['a band too far', qdisc, { kind: 'prio', prio: { bands: 2 } }, 'prio.priomap: names a band'],
    [
      'a class too far',
      qdisc,
      { kind: 'mqprio', mqprio: { tc: 1, map: [1], queues: [[0, 0]] } },
      'mqprio.map',
    ],
    ['no queue', qdisc, { kind: 'mqprio', mqprio: { tc: 2, map: [1], queues: [[0, 0]] } }, 'mqprio.queues'],
    ['an odd divisor', qdisc, { kind: 'sfq', sfq: { divisor: 3 } }, 'sfq.divisor: must be a power of two'],
    ['nothing to overtake', qdisc, { kind: 'netem', netem: { reorder: { reorder: '5%' } } }, 'needs `delay`'],
    ['a rate beyond fq', qdisc, { kind: 'fq', fq: { maxrate: '50gbit' } }, 'fq.maxrate: rate 50gbit'],
    ['more than all', qdisc, { kind: 'netem', netem: { duplicate: { duplicate: '101%' } } }, '0% to 100%'],
    [
      'a flat red',
      qdisc,
      { kind: 'red', red: { limit: 9, min: 5, max: 5, ewma: 1 } },
      'red.max: must be more',
    ],
    ['no weight', qdisc, { kind: 'red', red: { limit: 9, min: 5, max: 7 } }, 'red.ewma: is missing'],
    [
      'two weights',
      qdisc,
      { kind: 'red', red: { limit: 9, min: 5, max: 7, ewma: 1, burst: 1 } },
      'red.ewma: excludes',
    ],
    [
      'a small burst',
      qdisc,
      { kind: 'red', red: { limit: '90kb', min: '30kb', max: '60kb', avpkt: 1000, burst: 20 } },
      'red.burst: is too small',
    ],
    ['a class of nothing', trafficClass, { classid: '1:2', kind: 'htb' }, 'htb.rate: is missing'],
    [
      'a low ceiling',
      trafficClass,
      { classid: '1:2', kind: 'htb', htb: { rate, ceil: 1 } },
      'htb.ceil: must not',
    ],
    [
      'another qdisc',
      trafficClass,
      { classid: '1:2', parent: '2:', kind: 'htb', htb: { rate } },
      'parent: must be of the same qdisc: 1:',
    ],
    [
      'itself',
      trafficClass,
      { classid: '1:2', parent: '1:2', kind: 'htb', htb: { rate } },
      'is the class itself',
    ],
  ])('%s', ([, kind, item, problem]) => {
    const whole = { dev: 'eth0', ...item };
    expect(complaints(kind.section!.schema, whole)).toEqual([]);
    expect(declaredOf(kind, whole).problems.join('\n')).toContain(problem);
  });

  test.for<[ObjectClass, Spec]>([
    [qdisc, { kind: 'htb', htb: { default: 20 } }],
    [qdisc, { kind: 'htb', handle: '1' }],
    [qdisc, { kind: 'htb', parent: '1:' }],
    [qdisc, { kind: 'nonsense' }],
    [qdisc, { kind: 'tbf', tbf: { rate: -1 } }],
    [qdisc, { kind: 'tbf', rate: '1mbit' }],
    [trafficClass, { classid: '1:', kind: 'htb' }],
    [trafficClass, { classid: '1:1', kind: 'prio' }],
  ])('%#: not of the shape', ([kind, item]) => {
    expect(complaints(kind.section!.schema, { dev: 'eth0', ...item })).not.toEqual([]);
  });
});

test('what is above must be there first', () => {
  const needs = (kind: ObjectClass, item: Spec) =>
    kind.needs(declaredOf(kind, { dev: 'e', ...item }).spec).map((ref) => `${ref.class} ${ref.key}`);
  const leaf = { kind: 'pfifo', parent: '1:A' };
  expect(needs(qdisc, { kind: 'pfifo' })).toEqual(['link e']);
  expect(needs(qdisc, leaf)).toEqual(['link e', 'class dev e 1:a']);
  expect(needs(qdisc, { ...leaf, under: 'root' })).toEqual(['link e', 'qdisc dev e parent root']);
  expect(needs(qdisc, { kind: 'pfifo', parent: ':1' })).toEqual(['link e']);
  const inner = { kind: 'htb', classid: '1:a', htb: { rate: 1 } };
  expect(needs(trafficClass, inner)).toEqual(['qdisc dev e parent root']);
  expect(needs(trafficClass, { ...inner, parent: '1:1', under: '2:3' })).toEqual([
    'qdisc dev e parent 2:3',
    'class dev e 1:1',
  ]);
});

test('what is fixed replaces the object', () => {
  const before = {
    dev: 'e',
    parent: 'root',
    kind: 'fq_codel',
    handle: '1:',
    fq_codel: { flows: 1, limit: 1 },
  };
  const differing = ['handle', 'fq_codel.flows', 'fq_codel.limit'];
  expect(qdisc.fixed?.(before, before, differing)).toEqual(['handle', 'fq_codel.flows']);
  expect(qdisc.fixed?.(before, { ...before, kind: 'pfifo' }, ['kind', 'pfifo.limit'])).toEqual(['kind']);
});

describe('declare, item, declare is the same', () => {
  const shapes = DECLARED_QDISCS.flatMap(({ classes, ...own }) => [
    { of: qdisc as ObjectClass, shape: own, item: { dev: 'x', kind: own.kind } as Spec },
    ...(classes === undefined
      ? []
      : [{ of: trafficClass, shape: classes, item: { dev: 'x', kind: own.kind, classid: '1:2' } as Spec }]),
  ]);
  test.for(shapes)('%#: $of.name $item.kind', ({ of, shape, item: base }) => {
    const settings = Object.entries(shape.settings).filter(([, { folded }]) => !folded);
    const record: Record<string, fc.Arbitrary<unknown>> = {
      ...Object.fromEntries(settings.map(([name, { schema }]) => [name, valuesOf(schema as Shape)])),
      ...FITTING[String(base['kind'])],
    };
    const requiredKeys = [...(shape.required ?? []), ...(ENOUGH[String(base['kind'])] ?? [])].filter(
      (name) => name in record,
    );
    let good = 0;
    fc.assert(
      fc.property(fc.record(record, { requiredKeys }), (own) => {
        const item = { ...base, ...(Object.keys(own).length > 0 && { [String(base['kind'])]: own }) };
        expect(complaints(of.section!.schema, item)).toEqual([]);
        const { spec, problems } = declaredOf(of, item);
        if (problems.length > 0) return;
        good++;
        const again = of.item?.(spec) as Spec;
        expect(complaints(of.section!.schema, again)).toEqual([]);
        expect(declaredOf(of, again)).toEqual({ spec, problems: [] });
      }),
      { numRuns: 300 },
    );
    expect(good).toBeGreaterThan(0);
  });
});

/** Of settings of which one must be given, the one. */
const ENOUGH: Readonly<Record<string, readonly string[]>> = { tbf: ['limit'], red: ['ewma'] };

/** Settings that go together, which chance does not find. */
const FITTING: Readonly<Record<string, Record<string, fc.Arbitrary<unknown>>>> = {
  mqprio: {
    tc: fc.constant(2),
    map: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 16 }),
    queues: fc.constant([
      [0, 1],
      [2, 3],
    ]),
  },
  tbf: {
    rate: fc.integer({ min: 125_000, max: 10_000_000_000 }),
    burst: fc.integer({ min: 1, max: 32_768 }),
  },
};

test('nothing that is shown is no setting', () => {
  for (const shape of DECLARED_QDISCS) expect(() => observedOptions(shape, {})).not.toThrow();
});

interface Shape {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

function valuesOf(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.const !== undefined) return fc.constant(shape.const);
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum);
  if (shape.anyOf !== undefined) return fc.oneof(...shape.anyOf.map(valuesOf));
  const { minimum: min = 0, maximum: max = 100_000 } = shape;
  if (shape.type === 'integer') return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
  if (shape.type === 'number') return fc.double({ min, max, noNaN: true });
  if (shape.type === 'boolean') return fc.boolean();
  if (shape.type === 'array')
    return fc.array(valuesOf(shape.items ?? {}), {
      minLength: shape.minItems ?? 0,
      maxLength: shape.maxItems ?? 3,
    });
  if (shape.type === 'object') {
    const fields = Object.entries(shape.properties ?? {}).map(([name, one]) => [name, valuesOf(one)]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: [...(shape.required ?? [])],
    });
  }
  const texts = ['32kb', '50mbit', '10ms', '1s', '1.5us', '3%', '0.01%', '0x20', 'ff'];
  return fc.constantFrom(...texts.filter((text) => new RegExp(shape.pattern ?? '').test(text)));
}
