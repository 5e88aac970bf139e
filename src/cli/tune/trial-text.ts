// SPDX-License-Identifier: Apache-2.0
import type { TrialReport } from '../../api/schemas/advice.ts';
import type { Paint, Tone } from '../output/style.ts';
import { type Column, renderFields, renderTable } from '../output/table.ts';

type Comparison = NonNullable<TrialReport['result']>;

const TONES: Readonly<Record<string, Tone>> = { better: 'good', worse: 'bad', same: 'dim' };

const COLUMNS: readonly Column<Comparison>[] = [
  { title: 'METRIC', value: ({ metric }) => metric, tone: () => 'strong' },
  { title: 'BEFORE', value: ({ before }) => short(before.mean), align: 'right' },
  { title: 'AFTER', value: ({ after }) => short(after.mean), align: 'right' },
  { title: 'UNIT', value: ({ unit }) => unit },
  {
    title: 'CHANGE',
    value: ({ change }) => (change === undefined ? undefined : `${(change * 100).toFixed(1)} %`),
    align: 'right',
  },
  { title: 'P', value: ({ p }) => p.toPrecision(2), align: 'right' },
  { title: 'N', value: ({ before, after }) => `${before.samples}+${after.samples}`, align: 'right' },
  { title: 'OUTCOME', value: ({ outcome }) => outcome, tone: ({ outcome }) => TONES[outcome] },
];

/** A trial with its numbers. */
export function trialText(report: TrialReport, paint: Paint): string {
  const { id, state, advice, documents, metric, reason, result, guards, test } = report;
  const fields = [
    ['trial', `${id}: ${state}`],
    ['of', advice ?? documents.join(', ')],
    ['metric', metric],
    ...(reason === undefined ? [] : ([['because', reason]] as const)),
    ...(result === undefined ? [] : ([['test', test]] as const)),
  ] as const;
  const table = result === undefined ? '' : `\n${renderTable(COLUMNS, [result, ...guards], paint)}`;
  return `${renderFields(fields, paint)}${table}`;
}

export const TRIAL_COLUMNS: readonly Column<TrialReport>[] = [
  { title: 'TRIAL', value: ({ id }) => id, align: 'right' },
  { title: 'STATE', value: ({ state }) => state, tone: () => 'strong' },
  { title: 'STARTED', value: ({ started }) => started },
  { title: 'OF', value: ({ advice, documents }) => advice ?? documents.join(', ') },
  { title: 'METRIC', value: ({ metric }) => metric },
  { title: 'BECAUSE', value: ({ reason }) => reason },
];

function short(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}
