// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcActPoliceAttrs } from '../../../codec/generated/tc.ts';
import { given, present } from '../../fields.ts';
import { bytesToTicks, roundestBytes } from '../../qdisc/psched.ts';
import { rateOf, wideRate } from '../../qdisc/rate.ts';
import { parseRate, parseSize, renderRate, renderSize } from '../../qdisc/units.ts';
import type { ActionKind } from './kind.ts';
import { rateTable, SMALLEST_CELL } from './rate-table.ts';
import { renderVerdict, Verdict, verdictNumber } from './verdict.ts';

/** What the kernel takes where no largest packet is given: the end of the rate table. */
const USUAL_MTU = 255 << SMALLEST_CELL;

const quantity = (description: string, pattern: string) =>
  Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern })], { description });

/** Limits the rate (net/sched/act_police.c tcf_police_init()). */
export const police: ActionKind = {
  kind: 'police',
  config: 'CONFIG_NET_ACT_POLICE',
  schema: Type.Object(
    {
      rate: quantity('Rate that passes, with a unit or in bytes per second: 10mbit', '^\\d'),
      burst: quantity('Bytes that may come at once: 32kb', '^\\d'),
      mtu: Type.Optional(quantity('Largest packet that passes, usually 2040 bytes', '^\\d')),
      exceed: Type.Optional(Verdict('What becomes of packets beyond the rate, usually reclassify')),
      conform: Type.Optional(Verdict('What becomes of the others, usually pass')),
    },
    { additionalProperties: false, description: 'A limit of the rate' },
  ),
  canonical({ rate, burst, mtu, exceed, conform }) {
    const bps = parseRate(rate as string);
    const ticks = bytesToTicks(bps, parseSize(burst as string));
    return present({
      rate: renderRate(bps),
      burst: renderSize(roundestBytes(bps, ticks)),
      mtu: given(mtu as string | undefined, (size) => mtuText(parseSize(size))),
      exceed: usual(exceed, 'reclassify'),
      conform: usual(conform, 'pass'),
    });
  },
  attributes({ rate, burst, mtu, exceed = 'reclassify', conform = 'pass' }) {
    const bps = parseRate(rate as string);
    const largest = mtu === undefined ? USUAL_MTU : parseSize(mtu as string);
    const { spec, table } = rateTable(bps, largest);
    const result = verdictNumber(String(conform));
    return {
      tbf: {
        action: verdictNumber(String(exceed)),
        burst: bytesToTicks(bps, parseSize(burst as string)),
        mtu: mtu === undefined ? 0 : largest,
        rate: spec,
      },
      rate: table,
      ...wideRate('rate64', bps),
      ...(result !== 0 && { result: result >>> 0 }),
    };
  },
  reads: ['tm', 'tbf', 'rate', 'rate64', 'result'],
  observed({ tbf, rate64, result = 0 }: TcActPoliceAttrs) {
    if (tbf === undefined) return {};
    const bps = rateOf(tbf.rate, rate64);
    return present({
      rate: renderRate(bps),
      burst: renderSize(roundestBytes(bps, tbf.burst)),
      // No document says it.
      peakrate: tbf.peakrate.rate === 0 ? undefined : renderRate(tbf.peakrate.rate),
      mtu: mtuText(tbf.mtu),
      exceed: usual(renderVerdict(tbf.action), 'reclassify'),
      conform: usual(renderVerdict(result), 'pass'),
    });
  },
};

const mtuText = (bytes: number) => (bytes === 0 || bytes === USUAL_MTU ? undefined : renderSize(bytes));

function usual(verdict: unknown, word: string): string | undefined {
  if (verdict === undefined) return undefined;
  const canonical = renderVerdict(verdictNumber(String(verdict)));
  return canonical === word ? undefined : canonical;
}
