// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../src/base/errors.ts';
import { agrees, type Cell, cellsOf, probeText } from './cells.ts';
import type { Judge, Judgement, Sitting, Situation } from './judge.ts';
import type { TableEndpoint, TableStep, TruthTable } from './table.ts';

/** Cells by what came of them. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export interface TableResult {
  readonly table: string;
  readonly counts: ReadonlyMap<string, Count>;
  /** Each in a few lines: the step, the pair, every verdict and the deciding rule. */
  readonly failures: readonly string[];
  /** Why judges did not judge it. */
  readonly skips: readonly string[];
}

/** Has every judge judge a table; judges see the same steps one after the other. */
export async function runTable(table: TruthTable, judges: readonly Judge[]): Promise<TableResult> {
  const counts = new Map(judges.map(({ name }) => [name, { passed: 0, failed: 0, skipped: 0 }]));
  const failures: string[] = [];
  const skips = new Set<string>();
  const sittings = new Map<string, Sitting>();
  try {
    for (const judge of judges) {
      const lack = judge.lacks(table.requires ?? []);
      if (lack === undefined) sittings.set(judge.name, await judge.open(table));
      else skips.add(`${table.name}: ${judge.name} does not judge it: ${lack}`);
    }
    for (const { step, situation } of situations(table))
      await runStep(step, situation, { table, judges, sittings, counts, failures, skips });
  } finally {
    for (const sitting of sittings.values()) await sitting[Symbol.asyncDispose]();
  }
  return { table: table.name, counts, failures, skips: [...skips] };
}

/**
 * Steps with what they put in force: endpoints and labels stay until a step replaces them. What a step with documents
 * that are refused replaces comes into force with the next one.
 */
export function* situations(table: TruthTable): Iterable<{ step: TableStep; situation: Situation }> {
  const namespaces = new Map(Object.entries(table.namespaces ?? {}));
  const endpoints = new Map<string, TableEndpoint>(table.endpoints.map((one) => [one.name, one]));
  for (const step of table.steps) {
    for (const [name, labels] of Object.entries(step.namespaces ?? {})) namespaces.set(name, labels);
    for (const one of step.endpoints ?? []) endpoints.set(one.name, one);
    yield {
      step,
      situation: {
        namespaces: new Map(namespaces),
        endpoints: new Map(endpoints),
        documents: step.documents ?? [],
      },
    };
  }
}

interface Run {
  readonly table: TruthTable;
  readonly judges: readonly Judge[];
  readonly sittings: ReadonlyMap<string, Sitting>;
  readonly counts: ReadonlyMap<string, Count>;
  readonly failures: string[];
  readonly skips: Set<string>;
}

/** Judgements by cell. A judge that does not judge a cell has none of it. */
type Judged = Map<Cell, Judgement>;

async function runStep(step: TableStep, situation: Situation, run: Run): Promise<void> {
  const cells = (step.checks ?? []).flatMap((check) => cellsOf(check, situation.endpoints));
  const judged = new Map<string, Judged>();
  for (const { name } of run.judges) {
    const count = run.counts.get(name) as Count;
    const sitting = run.sittings.get(name);
    if (sitting === undefined) {
      count.skipped += cells.length + (step.expectError ? 1 : 0);
      continue;
    }
    const problem = await entered(step, situation, sitting);
    if (step.expectError) count[problem === undefined ? 'passed' : 'failed']++;
    if (problem === undefined) judged.set(name, await judge(name, sitting, cells, run));
    else {
      run.failures.push(`${where(run.table, step)}: ${name}: ${problem}`);
      count.failed += step.expectError ? cells.length : Math.max(1, cells.length);
    }
  }
  for (const cell of cells) tally(cell, judged, step, run);
}

/** @returns what is wrong: documents that were refused, or taken, and should not have been. */
async function entered(
  { expectError = false }: TableStep,
  situation: Situation,
  sitting: Sitting,
): Promise<string | undefined> {
  try {
    const refusal = await sitting.enter(situation);
    if (expectError)
      return refusal === undefined ? 'the documents were taken, and had to be refused' : undefined;
    return refusal === undefined ? undefined : `the documents were refused: ${refusal}`;
  } catch (error) {
    return `the documents could not be put in force: ${messageOf(error)}`;
  }
}

async function judge(name: string, sitting: Sitting, cells: readonly Cell[], run: Run): Promise<Judged> {
  const able = cells.filter(({ probe }) => {
    const reason = sitting.cannot(probe);
    if (reason !== undefined) run.skips.add(`${run.table.name}: ${name} leaves cells out: ${reason}`);
    return reason === undefined;
  });
  (run.counts.get(name) as Count).skipped += cells.length - able.length;
  const judgements = await sitting.judge(
    able.map(({ probe }) => probe),
    able.map(({ expected }) => expected),
  );
  return new Map(able.map((cell, i) => [cell, judgements[i] as Judgement]));
}

function tally(
  cell: Cell,
  judged: ReadonlyMap<string, Judged>,
  step: TableStep,
  { table, counts, failures }: Run,
): void {
  let isWrong = false;
  const verdicts: string[] = [];
  for (const [name, judgements] of judged) {
    const judgement = judgements.get(cell);
    if (judgement === undefined) continue;
    const fits = agrees(cell.expected, judgement.verdict);
    (counts.get(name) as Count)[fits ? 'passed' : 'failed']++;
    if (!fits) isWrong = true;
    verdicts.push(`${name} ${judgement.verdict}${judgement.by === undefined ? '' : ` by ${judgement.by}`}`);
  }
  if (isWrong)
    failures.push(
      `${where(table, step)}: ${probeText(cell.probe)} must be ${cell.expected}\n    ${verdicts.join('\n    ')}`,
    );
}

function where(table: TruthTable, step: TableStep): string {
  return `${table.name}, step ${table.steps.indexOf(step) + 1}${step.say === undefined ? '' : ` (${step.say})`}`;
}
