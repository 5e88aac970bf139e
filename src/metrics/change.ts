// SPDX-License-Identifier: Apache-2.0
import type { Family } from './exposition.ts';
import { labelText } from './labels.ts';

/** States of the engine, as `weir_change_state` lists them. */
export const ENGINE_STATES = ['idle', 'applying', 'unconfirmed', 'rolling-back'] as const;

/** Upper bounds of the buckets of how long changes took, in seconds. */
export const DURATION_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60] as const;

/** How long changes took. */
export interface Durations {
  /** Seconds of all of them. */
  readonly sum: number;
  readonly count: number;
  /** Changes that took at most as long as the bound of the same place in `DURATION_BOUNDS`. */
  readonly within: readonly number[];
}

/** Numbers about the changes that Weir makes. */
export interface ChangeNumbers {
  readonly revision: number;
  readonly state: (typeof ENGINE_STATES)[number];
  /** Owned objects by class. */
  readonly owned: Readonly<Record<string, number>>;
  /** Owned objects that differ from their documents, by policy. */
  readonly drift: Readonly<Record<string, number>>;
  /** Changes since the start, by how they ended. */
  readonly applies: Readonly<Record<string, number>>;
  readonly durations: Durations;
  /** Changes that were undone since the start, by why. */
  readonly rollbacks: Readonly<Record<string, number>>;
}

const family = (type: Family['type'], name: string, labels: readonly string[], help: string): Family => ({
  name,
  help,
  type,
  labels,
});

/** Families about changes. They are there once the engine has run. */
export const CHANGE = {
  revision: family('gauge', 'weir_revision', [], 'The current revision; 0 is the untouched node.'),
  state: family('gauge', 'weir_change_state', ['state'], 'Value is 1 for what the engine is doing.'),
  applies: family('counter', 'weir_apply_total', ['result'], 'Changes by how they ended.'),
  seconds: family('histogram', 'weir_apply_duration_seconds', [], 'Time that changes took.'),
  owned: family('gauge', 'weir_owned_objects', ['class'], 'Objects that documents declare.'),
  drift: family('gauge', 'weir_drift_objects', ['policy'], 'Objects that differ from their documents.'),
  rollbacks: family('counter', 'weir_rollback_total', ['reason'], 'Changes that were undone, by why.'),
} as const satisfies Record<string, Family>;

type Samples = readonly (readonly [label: string, value: number])[];

/** The families in the text format. */
export function changeMetrics(numbers: ChangeNumbers): string {
  const states = ENGINE_STATES.map((state) => [state, state === numbers.state ? 1 : 0] as const);
  return [
    text(CHANGE.revision, [['', numbers.revision]]),
    text(CHANGE.state, states),
    text(CHANGE.applies, Object.entries(numbers.applies)),
    histogramText(CHANGE.seconds, numbers.durations),
    text(CHANGE.owned, Object.entries(numbers.owned)),
    text(CHANGE.drift, Object.entries(numbers.drift)),
    text(CHANGE.rollbacks, Object.entries(numbers.rollbacks)),
  ].join('');
}

function histogramText({ name, help }: Family, { sum, count, within }: Durations): string {
  const buckets = DURATION_BOUNDS.map((bound, i) => `${name}_bucket{le="${bound}"} ${within[i] ?? 0}\n`);
  const rest = `${name}_bucket{le="+Inf"} ${count}\n${name}_sum ${sum}\n${name}_count ${count}\n`;
  return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${buckets.join('')}${rest}`;
}

function text({ name, help, type, labels }: Family, samples: Samples): string {
  const lines = samples.map(([label, value]) => {
    const braces = labels.length === 0 ? '' : `{${labelText(labels, [label])}}`;
    return `${name}${braces} ${value}\n`;
  });
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
