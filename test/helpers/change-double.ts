// SPDX-License-Identifier: Apache-2.0
// A ChangeService that remembers what it was asked and answers with what the test gives it.
import type { ChangeService } from '../../src/api/change-service.ts';
import type { ApplyReport, ChangeStatus, PlanReport, RevisionSummary } from '../../src/api/schemas/change.ts';

/** One call of the double: its name and what followed the target. */
export interface DoubleCall {
  readonly name: keyof ChangeService;
  readonly args: readonly unknown[];
}

/** Answers that a test replaces; an Error is thrown. */
export interface DoubleAnswers {
  plan?: PlanReport | Error;
  apply?: ApplyReport | Error;
  status?: ChangeStatus;
}

export const COUNTS = { create: 1, change: 0, replace: 0, remove: 0, adopt: 0 };

export const PLAN: PlanReport = {
  revision: 3,
  counts: COUNTS,
  actions: [
    { op: 'create', id: 'link br0', netns: '', class: 'link', key: 'br0', after: { kind: 'bridge' } },
  ],
  diagnostics: [],
  adopted: [],
};

export const APPLIED: ApplyReport = {
  status: 'unconfirmed',
  revision: 4,
  counts: COUNTS,
  diagnostics: [],
  probes: [],
  deadline: '2026-01-01T00:02:00.000Z',
  seconds: 0.25,
};

export const IDLE: ChangeStatus = { revision: 3, state: 'idle', owned: 7, drift: [] };

export const REVISION: RevisionSummary = {
  revision: 3,
  state: 'confirmed',
  time: '2026-01-01T00:00:00.000Z',
  who: 'root',
  reason: 'second uplink',
  counts: COUNTS,
  documents: ['Network/uplink'],
  confirmedBy: 'root',
  current: true,
};

/** A double with the given answers; `calls` is what it was asked, oldest first. */
export function changeDouble(answers: DoubleAnswers = {}): ChangeService & {
  readonly calls: DoubleCall[];
  readonly answers: DoubleAnswers;
} {
  const calls: DoubleCall[] = [];
  const note = (name: keyof ChangeService, args: readonly unknown[]) => void calls.push({ name, args });
  const given = async <T>(answer: T | Error): Promise<T> => {
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const rendered = async (value: unknown) => ({ bytes: Buffer.from(JSON.stringify(value)) });
  const report =
    (name: 'apply' | 'confirm' | 'rollback') =>
    (_target: string, ...args: unknown[]) => {
      note(name, args);
      return given(answers.apply ?? APPLIED);
    };
  return {
    calls,
    answers,
    async plan(_target, body, options, caller, view = {}) {
      note('plan', [{ ...body, bytes: Buffer.from(body.bytes).toString() }, options, caller, view]);
      return rendered(told(await given(answers.plan ?? PLAN), view.view));
    },
    async apply(target, body, ...rest) {
      return report('apply')(target, { ...body, bytes: Buffer.from(body.bytes).toString() }, ...rest);
    },
    confirm: report('confirm'),
    rollback: report('rollback'),
    changeStatus: async () => answers.status ?? IDLE,
    async revisions(_target, query) {
      note('revisions', [query]);
      return rendered({ items: [REVISION] });
    },
    async revision(_target, revision) {
      note('revision', [revision]);
      return rendered({ ...REVISION, revision, content: [{ kind: 'Network' }], diff: '+ link br0\n' });
    },
    async exportState(_target, query) {
      note('exportState', [query]);
      return query.form === 'yaml'
        ? { bytes: Buffer.from('kind: Network\n') }
        : rendered({ documents: [{ kind: 'Network' }] });
    },
    async diff(_target, query, view = {}) {
      note('diff', [query, view]);
      return rendered(told(await given(answers.plan ?? PLAN), view.view));
    },
  };
}

/** A plan as `view` asks for it. */
function told(plan: PlanReport, view: 'actions' | 'text' | 'color' = 'actions'): PlanReport {
  if (view === 'actions') return plan;
  const text = plan.actions.map(({ op, id }) => `${op === 'create' ? '+' : '~'} ${id}\n`).join('');
  return { ...plan, actions: [], text: view === 'color' ? `\u001b[32m${text}\u001b[0m` : text };
}
