// SPDX-License-Identifier: Apache-2.0
import type { PlanReport } from '../../api/schemas/change.ts';
import type { Line, Paint } from '../output/style.ts';

type Action = PlanReport['actions'][number];

/** A plan as settings with their values before and after, and why. */
export function planWithReasons(plan: PlanReport, paint: Paint): string {
  const lines: Line[] = plan.actions.flatMap(linesOf);
  for (const { severity, code, message } of plan.diagnostics)
    lines.push([
      { text: severity, tone: severity === 'error' ? 'bad' : 'accent' },
      { text: ` ${code}: ${message}` },
    ]);
  const count = plan.actions.length;
  const changes = count === 0 ? 'No changes.' : `${count} to change; nothing was changed yet.`;
  return [...lines, [{ text: changes }]].map((line) => `${paint(line)}\n`).join('');
}

function linesOf(action: Action): readonly Line[] {
  const { id, fields = [], before = {}, after = {}, origin } = action;
  const head: Line = [
    { text: '~ ', tone: 'warn' },
    { text: id, tone: 'strong' },
  ];
  const values = fields.map(
    (field): Line => [{ text: `    ${field}: ${textAt(before, field)} -> ${textAt(after, field)}` }],
  );
  const reasons = (origin?.reason ?? '').split('; ').filter((one) => one !== '');
  return [head, ...values, ...reasons.map((text): Line => [{ text: `    # ${text}`, tone: 'dim' }])];
}

function textAt(spec: object, field: string): string {
  let value: unknown = spec;
  let rest = field;
  while (rest !== '' && typeof value === 'object' && value !== null) {
    const inner = value as Record<string, unknown>;
    const name = Object.hasOwn(inner, rest) ? rest : (rest.split('.', 1)[0] as string);
    value = inner[name];
    rest = rest.slice(name.length + 1);
  }
  if (value === undefined) return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
