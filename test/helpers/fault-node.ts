// SPDX-License-Identifier: Apache-2.0
// A node on which a document of about two hundred steps is about to be applied, over and over.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentSet } from '../../src/engine/documents.ts';
import { documentsIn, type TestEngine, testEngine } from './engine.ts';
import { endDocument, makeForeign, shown, startDocument } from './many-steps.ts';
import { netns, type TestNetns } from './netns.ts';

export const ASKER = { who: 'test', peers: [] };
export const WISH = { confirmSeconds: 0, probes: ['none'] };

export interface FaultNode extends AsyncDisposable {
  readonly ns: TestNetns;
  /** Of the journal, and of `end.json`. */
  readonly directory: string;
  readonly start: DocumentSet;
  readonly end: DocumentSet;
  /** What the node is before and after. */
  readonly startState: unknown;
  readonly endState: unknown;
  /** Steps from the start to the end. */
  readonly steps: number;
  state(test: TestEngine): Promise<unknown>;
}

/** A node at its start that has seen its end once. */
export async function faultNode(prefix: string): Promise<FaultNode> {
  await using made = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'weir-fault-'));
  made.defer(() => rmSync(directory, { recursive: true }));
  const ns = made.use(await netns(prefix));
  makeForeign(ns);
  const start = documentsIn(startDocument(ns.name));
  const end = documentsIn(endDocument(ns.name));
  writeFileSync(join(directory, 'end.json'), endDocument(ns.name));
  const state = ({ reader }: TestEngine) => stateOf(ns, reader);
  await using test = testEngine(directory);
  await reach(test, start);
  const startState = await state(test);
  const { plan } = await test.engine.plan({ documents: end, prune: true }, ASKER);
  await reach(test, end);
  const endState = await state(test);
  await reach(test, start);
  const kept = made.move();
  return {
    ...{ ns, directory, start, end, startState, endState, state },
    steps: plan.actions.length,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Apply documents, which has to succeed. */
export async function reach({ engine }: TestEngine, documents: DocumentSet): Promise<void> {
  const { status, error } = await engine.apply({ documents, prune: true }, WISH, ASKER);
  if (status !== 'confirmed') throw new Error(`${status}: ${error}`);
}

/** What iproute2 and Weir's own reader see. */
async function stateOf(ns: TestNetns, reader: TestEngine['reader']): Promise<unknown> {
  const own = await reader.read({ netns: ns.name, keys: new Map(), all: true });
  const objects = [...own.values()].map(({ id, spec }) => JSON.stringify([id, spec], withoutChance));
  return { shown: shown(ns), objects: objects.sort() };
}

/** What the kernel gives by chance: addresses to new devices, handles to new qdiscs. */
const CHANCE: Readonly<Record<string, RegExp>> = { address: /^(..:){5}..$/, handle: /^[89a-f]...:$/ };

function withoutChance(key: string, value: unknown): unknown {
  return typeof value === 'string' && CHANCE[key]?.test(value) === true ? undefined : value;
}
