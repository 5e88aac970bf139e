// SPDX-License-Identifier: Apache-2.0
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
  const skips: string[] = [];
  const sittings = new Map<string, Sitting>();
  try {
    for (const judge of judges) {
      const lack = judge.lacks(table.requires ?? []);
      if (lack === undefined) sittings.set(judge.name, await judge.open(table));
      else skips.push(`${table.name}: ${judge.name} does not judge it: ${lack}`);
    }
    for (const { step, situation } of situations(table))
      await runStep(step, situation, { table, judges, sittings, counts, failures });
  } finally {
    for (const sitting of sittings.values()) await sitting[Symbol.asyncDispose]();
  }
  return { table: table.name, counts, failures, skips };
}

/** Steps with what is in force in each: endpoints and labels stay until a step replaces them. */
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
}

async function runStep(step: TableStep, situation: Situation, run: Run): Promise<void> {
  const cells = (step.checks ?? []).flatMap((check) => cellsOf(check, situation.endpoints));
  const judged = new Map<string, readonly Judgement[] | undefined>();
  for (const { name } of run.judges) {
    const count = run.counts.get(name) as Count;
    const sitting = run.sittings.get(name);
    if (sitting === undefined) {
      count.skipped += step.expectError ? 1 : cells.length;
      continue;
    }
    const refusal = await sitting.enter(situation);
    const problem = refusalProblem(step, refusal);
    if (problem !== undefined) run.failures.push(`${where(run.table, step)}: ${name}: ${problem}`);
    if (step.expectError || refusal !== undefined) {
      count[problem === undefined ? 'passed' : 'failed'] += Math.max(1, cells.length);
      continue;
    }
    const probes = cells.map(({ probe }) => probe);
    judged.set(
      name,
      await sitting.judge(
        probes,
        cells.map(({ expected }) => expected),
      ),
    );
  }
  cells.forEach((cell, i) => {
    tally(cell, i, judged, step, run);
  });
}

function refusalProblem({ expectError = false }: TableStep, refusal: string | undefined): string | undefined {
  if (expectError)
    return refusal === undefined ? 'the documents were taken, and had to be refused' : undefined;
  return refusal === undefined ? undefined : `the documents were refused: ${refusal}`;
}

function tally(
  { probe, expected }: Cell,
  i: number,
  judged: ReadonlyMap<string, readonly Judgement[] | undefined>,
  step: TableStep,
  { table, counts, failures }: Run,
): void {
  let isWrong = false;
  const verdicts: string[] = [];
  for (const [name, judgements] of judged) {
    const judgement = judgements?.[i];
    if (judgement === undefined) continue;
    const fits = agrees(expected, judgement.verdict);
    (counts.get(name) as Count)[fits ? 'passed' : 'failed']++;
    if (!fits) isWrong = true;
    verdicts.push(`${name} ${judgement.verdict}${judgement.by === undefined ? '' : ` by ${judgement.by}`}`);
  }
  if (isWrong)
    failures.push(
      `${where(table, step)}: ${probeText(probe)} must be ${expected}\n    ${verdicts.join('\n    ')}`,
    );
}

function where(table: TruthTable, step: TableStep): string {
  return `${table.name}, step ${table.steps.indexOf(step) + 1}${step.say === undefined ? '' : ` (${step.say})`}`;
}
