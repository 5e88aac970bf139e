// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { decodeTcAttrs, encodeTcAttrs, type TcAttrs, type TcOptionsMsg } from '../../codec/generated/tc.ts';
import { renderHandle } from './handle.ts';
import {
  QDISC_KINDS,
  renderClassOptions,
  renderQdiscOptions,
  renderXstats,
  VERIFIED_QDISC_KINDS,
} from './index.ts';
import { ticksToBytes, ticksToUs } from './psched.ts';

/** Through the wire, as the kernel would send it. */
function roundTrip(attrs: TcAttrs): TcAttrs {
  const payload = payloadOf((out) => encodeTcAttrs(out, attrs));
  return decodeTcAttrs(wireOf(payload), 0, payload.length);
}

function rendered(options: Exclude<TcOptionsMsg, Uint8Array>) {
  const attrs = roundTrip({ kind: options.kind, options });
  return renderQdiscOptions(options.kind, attrs.options);
}

test('handles are hexadecimal halves', () => {
  expect([0x10000, 0x10010, 0xfffffff1, 0x5].map(renderHandle)).toEqual(['1:', '1:10', 'ffff:fff1', ':5']);
  expect([0xffffffff, 0].map(renderHandle)).toEqual(['root', 'none']);
});

test('a tick is 64 ns', () => {
  expect(ticksToUs(15_625)).toBe(1_000);
  expect(ticksToBytes(6_250_000_000, 2_621)).toBe(1_043_750);
});

test('no kind trips over absent options', () => {
  for (const { kind, renderClass, render } of QDISC_KINDS) {
    const header = {
      bands: 0,
      priomap: new Uint8Array(16),
      v0: {},
      prioTcMap: new Uint8Array(16),
      count: [],
      offset: [],
    };
    const options = { kind, header } as unknown as Parameters<typeof render>[0];
    expect(() => render(options)).not.toThrow();
    expect(() => renderClass?.(options)).not.toThrow();
    expect(renderQdiscOptions(kind, undefined)).toEqual({});
  }
});

test('a kind without a file keeps the names of the codec', () => {
  const options = { kind: 'hhf', backlogLimit: 1000, nonHhWeight: 2 } as unknown as TcOptionsMsg;
  expect(renderQdiscOptions('hhf', options)).toEqual({ backlog_limit: 1000, non_hh_weight: 2 });
  expect(renderClassOptions('drr', { kind: 'drr', quantum: 7 } as TcOptionsMsg)).toEqual({ quantum: 7 });
});

test('every verified kind is registered, once', () => {
  const kinds = QDISC_KINDS.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  for (const kind of VERIFIED_QDISC_KINDS) expect(kinds).toContain(kind);
});

test('fq_codel', () => {
  const options = {
    kind: 'fq_codel',
    limit: 10240,
    flows: 1024,
    quantum: 1514,
    target: 4999,
    interval: 99999,
  } as const;
  expect(rendered({ ...options, ecn: 1, memoryLimit: 33554432, dropBatchSize: 64 })).toEqual({
    limit: 10240,
    flows: 1024,
    quantum: 1514,
    target: 4999,
    interval: 99999,
    memory_limit: 33554432,
    ecn: true,
    drop_batch: 64,
  });
  expect(rendered({ ...options, ecn: 0 })).not.toHaveProperty('ecn');
});

test('fq leaves out what is unlimited', () => {
  const shown = rendered({
    kind: 'fq',
    plimit: 10000,
    bucketsLog: 10,
    rateEnable: 0,
    flowMaxRate: 0xffff_ffff,
    horizonDrop: 1,
  });
  expect(shown).toEqual({ limit: 10000, buckets: 1024, pacing: false, horizon_drop: null });
});

test('cake', () => {
  expect(
    rendered({
      kind: 'cake',
      baseRate64: 0n,
      diffservMode: 0,
      flowMode: 7,
      nat: 1,
      ackFilter: 2,
      rtt: 100000,
    }),
  ).toEqual({
    bandwidth: 'unlimited',
    diffserv: 'diffserv3',
    flowmode: 'triple-isolate',
    nat: true,
    'ack-filter': 'aggressive',
    rtt: 100000,
  });
});

test('netem: delays in seconds, probabilities from 0 to 1', () => {
  const header = { latency: 1_562_500, limit: 1000, loss: 0xffff_ffff, gap: 0, duplicate: 0, jitter: 0 };
  const shown = rendered({
    kind: 'netem',
    header,
    latency64: 100_000_000n,
    jitter64: 5_000_000n,
    corr: { delayCorr: 0, lossCorr: 0, dupCorr: 0 },
  });
  expect(shown).toEqual({
    limit: 1000,
    delay: { delay: 0.1, jitter: 0.005, correlation: 0 },
    'loss-random': { loss: 1, correlation: 0 },
  });
  const old = rendered({ kind: 'netem', header: { ...header, loss: 0 } });
  expect(old['delay']).toEqual({ delay: 0.1, jitter: 0, correlation: 0 });
});

test('counters of a kind of its own keep the names of the kernel', () => {
  const header = { early: 1, pdrop: 2, other: 3, marked: 4 };
  expect(renderXstats({ kind: 'red', header })).toEqual(header);
  expect(renderXstats(new Uint8Array(4))).toEqual({});
});
