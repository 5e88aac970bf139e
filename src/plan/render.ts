// SPDX-License-Identifier: Apache-2.0
// A plan as text for people.
import { objectClass } from '../kinds/classes.ts';
import type { ClassName, Spec } from '../model/object.ts';
import type { Action, Diagnostic, Plan } from './plan.ts';
import { countsOf, masked } from './report.ts';
import { isSettings, settingAt } from './settings.ts';

/** How a plan is rendered. */
export interface RenderOptions {
  /** With ANSI colours. */
  readonly color?: boolean;
  /** Steps of one sort and class that are listed before the rest is only counted (default 50). */
  readonly fold?: number;
}

/** Characters of a list that stands on one line. */
const LIST_WIDTH = 60;

type Sort = 'create' | 'change' | 'replace' | 'remove' | 'restore';

const SIGNS: Readonly<Record<Sort, string>> = {
  create: '+',
  change: '~',
  replace: '-/+',
  remove: '-',
  restore: '^',
};

const COLORS = {
  create: 32,
  change: 33,
  replace: 35,
  remove: 31,
  restore: 36,
  error: 31,
  warning: 33,
  note: 36,
};

type Paint = (color: keyof typeof COLORS, text: string) => string;

/** The steps in order, what a person should know, and one line that counts. */
export function renderPlan(plan: Plan, { color = false, fold = 50 }: RenderOptions = {}): string {
  const paint: Paint = (name, text) => (color ? `\x1b[${COLORS[name]}m${text}\x1b[0m` : text);
  const adopted = plan.adopted.map((id) => `  = ${id} (taken over, nothing changes)`);
  const parts = [
    [...stepLines(plan.actions, fold, paint), ...folded(adopted, fold)],
    plan.diagnostics.map((one) => diagnosticLine(one, paint)),
    [summary(plan)],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** `Plan: 3 to create, 1 to change, 0 to replace, 1 to remove.` */
export function summary(plan: Pick<Plan, 'actions' | 'adopted'>): string {
  const { create, change, replace, remove, adopt } = countsOf(plan);
  if (plan.actions.length === 0) {
    const taken = adopt === 0 ? '' : ` ${adopt} ${adopt === 1 ? 'object becomes' : 'objects become'} Weir's.`;
    return `No changes. The node matches the documents.${taken}`;
  }
  const adopting = adopt === 0 ? '' : `, ${adopt} to adopt`;
  return `Plan: ${create} to create, ${change} to change, ${replace} to replace, ${remove} to remove${adopting}.`;
}

function stepLines(actions: readonly Action[], fold: number, paint: Paint): readonly string[] {
  const lines: string[] = [];
  const shown = new Map<string, number>();
  const hidden = new Map<string, number>();
  const replaced = new Map<string, Spec | undefined>();
  for (const action of actions) {
    if (action.replaces !== undefined && action.op === 'remove') replaced.set(action.id, action.before);
    const sort = sortOf(action);
    if (sort === undefined) continue;
    const group = `${SIGNS[sort]} ${action.class}`;
    const count = (shown.get(group) ?? 0) + 1;
    shown.set(group, count);
    if (count > fold) hidden.set(group, count - fold);
    else lines.push(...linesOf(action, sort, replaced.get(action.id) ?? action.before, paint));
  }
  for (const [group, count] of hidden) lines.push(`  ${group}: ${count} more`);
  return lines;
}

/** A replacement is shown once, where its object comes back. */
function sortOf({ op, replaces, restores }: Action): Sort | undefined {
  if (restores) return 'restore';
  if (replaces === undefined) return op;
  return op === 'create' ? 'replace' : undefined;
}

function linesOf(action: Action, sort: Sort, before: Spec | undefined, paint: Paint): readonly string[] {
  const { class: name, netns, after, fields, replaces } = action;
  const what = objectClass(name).describe((after ?? before) as Spec);
  const where = netns === '' ? '' : ` (netns ${netns})`;
  const why = replaces !== undefined ? ` (forces: ${replaces}; it is gone in between)` : '';
  const back = sort === 'restore' ? ' (put back: the kernel drops it on the way)' : '';
  const head = `  ${paint(sort, SIGNS[sort])} ${what}${where}${why}${back}`;
  // what comes with another step, such as the other end of a cable, had nothing before
  const isNew = sort === 'create' || (sort === 'change' && before === undefined);
  if (isNew) return [head, ...settingLines(name, after as Spec, what)];
  if (sort !== 'change' && sort !== 'replace') return [head];
  return [head, ...(fields ?? []).flatMap((field) => changeLines(name, field, before, after))];
}

function changeLines(
  name: ClassName,
  field: string,
  before: Spec | undefined,
  after: Spec | undefined,
): readonly string[] {
  const value = (spec: Spec | undefined) => settingAt(spec && masked(name, spec), field);
  return differenceLines(field, value(before), value(after));
}

/** Settings inside a setting are told one by one, items of long lists as they come and go. */
function differenceLines(field: string, before: unknown, after: unknown): readonly string[] {
  if (isSettings(before) && isSettings(after)) {
    const [old, young] = [before as Spec, after as Spec];
    const names = [...new Set([...Object.keys(old), ...Object.keys(young)])];
    const differing = names.filter((inner) => valueText(old[inner]) !== valueText(young[inner]));
    return differing.flatMap((inner) => differenceLines(`${field}.${inner}`, old[inner], young[inner]));
  }
  const [from, to] = [valueText(before), valueText(after)];
  if (!Array.isArray(before) || !Array.isArray(after) || Math.max(from.length, to.length) <= LIST_WIDTH)
    return [`      ${field}: ${from} -> ${to}`];
  const [gone, come] = [before.map(valueText), after.map(valueText)];
  return [
    `      ${field}:`,
    ...gone.filter((item) => !come.includes(item)).map((item) => `        - ${item}`),
    ...come.map((item) => `        ${gone.includes(item) ? ' ' : '+'} ${item}`),
  ];
}

/** Settings of a new object that its description does not tell already. */
function settingLines(name: ClassName, spec: Spec, description: string): readonly string[] {
  const told = new Set([...description.split(/[\s(),]+/), 'weir']);
  return Object.entries(masked(name, spec)).flatMap(([field, value]) => {
    if (isSettings(value))
      return Object.entries(value as Spec).flatMap(([inner, one]) => settingText(`${field}.${inner}`, one));
    return told.has(valueText(value)) ? [] : settingText(field, value);
  });
}

/** A long list has a line for each item. */
function settingText(field: string, value: unknown): readonly string[] {
  const text = valueText(value);
  if (!Array.isArray(value) || value.length < 2 || text.length <= LIST_WIDTH)
    return [`      ${field}: ${text}`];
  return [`      ${field}:`, ...value.map((item) => `        - ${valueText(item)}`)];
}

/** A value as YAML would have it on one line. */
function valueText(value: unknown): string {
  if (value === undefined) return '(none)';
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, inner]) => `${name}: ${valueText(inner)}`);
  return `{${fields.join(', ')}}`;
}

function diagnosticLine({ severity, code, message, origin }: Diagnostic, paint: Paint): string {
  return `${paint(severity, severity)} ${code}: ${message}${origin === undefined ? '' : ` [${place(origin)}]`}`;
}

function place({ file, line, document, path }: NonNullable<Diagnostic['origin']>): string {
  const inside = `${document} ${path}`;
  if (file === undefined) return inside;
  return `${file}${line === undefined ? '' : `:${line}`} ${inside}`;
}

function folded(lines: readonly string[], fold: number): readonly string[] {
  return lines.length <= fold ? lines : [...lines.slice(0, fold), `  = ${lines.length - fold} more`];
}
