// SPDX-License-Identifier: Apache-2.0
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { AgentClient } from '../client.ts';
import type { Context } from '../context.ts';
import { withProgress } from './progress.ts';

/** What is written while the agent says these, one after the other; the work ends when all were asked for. */
async function written(
  answers: readonly unknown[],
  isTTY: boolean,
): Promise<{ text: string; asked: number }> {
  let [text, asked] = ['', 0];
  let end = (_: string): void => {};
  const work = new Promise<string>((resolve) => {
    end = resolve;
  });
  const write = (chunk: Buffer, _: unknown, done: () => void) => {
    text += chunk.toString();
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { isTTY });
  const get = async () => {
    const answer = answers[asked++];
    if (asked > answers.length) end('done');
    if (answer instanceof Error) throw answer;
    return answer ?? {};
  };
  if (!isTTY) end('done');
  const context = { deps: { stderr } } as unknown as Context;
  expect(await withProgress(context, { get } as unknown as AgentClient, work)).toBe('done');
  return { text, asked };
}

test('a terminal shows how far a long change is, also after an answer that did not come', async () => {
  const at = (done: number) => ({ state: 'applying', progress: { phase: 'execute', done, total: 300 } });
  const verify = { state: 'applying', progress: { phase: 'verify', done: 0, total: 0 } };
  const { text } = await written([at(0), new Error('gone'), at(200), verify], true);
  expect(text.split('\r\u001b[K')).toEqual([
    '',
    'applying: execute 0/300 (0 %)',
    'applying: execute 200/300 (66 %)',
    'applying: verify',
    '',
  ]);
});

test('what is no terminal gets nothing of it', async () => {
  expect(await written([], false)).toEqual({ text: '', asked: 0 });
});
