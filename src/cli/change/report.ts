// SPDX-License-Identifier: Apache-2.0
import type { ApplyReport } from '../../api/schemas/change.ts';
import type { Line, Span } from '../output/style.ts';

/** What became of a change, in a few lines. */
export function reportLines(report: ApplyReport): readonly Line[] {
  const failed = report.probes.filter(({ after }) => after === false);
  return [
    headline(report),
    ...failed.map(({ probe, detail }) => [{ text: `  probe ${probe} failed${detail ? `: ${detail}` : ''}` }]),
    ...(report.leftovers ?? []).map((left) => [{ text: `  not undone: ${left}` }]),
  ];
}

function headline({ status, revision, seconds, error, deadline }: ApplyReport): Line {
  const time = `in ${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  switch (status) {
    case 'unchanged':
      return [{ text: `Nothing to do: revision ${revision} holds already.` }];
    case 'confirmed':
      return [good(`Revision ${revision} holds`), { text: ` (${time}).` }];
    case 'unconfirmed':
      return [
        { text: `Revision ${revision} is applied (${time}), ` },
        { text: `and undone at ${clockOf(deadline)} unless confirmed`, tone: 'warn' },
        { text: ': weir confirm' },
      ];
    case 'rolled-back':
      return error === undefined
        ? [good(`Rolled back: revision ${revision} is undone`), { text: '.' }]
        : [bad(`Rolled back, everything is as before: ${error}`)];
    case 'rollback-failed':
      return [bad(`Failed, and could not be undone: ${error ?? 'unknown'}`)];
  }
}

const good = (text: string): Span => ({ text, tone: 'good' });
const bad = (text: string): Span => ({ text, tone: 'bad' });

/** Time of the day of a point in time, as the reader's clock shows it. */
export function clockOf(time: string | undefined): string {
  return time === undefined ? '?' : new Date(time).toLocaleTimeString('en-GB');
}
