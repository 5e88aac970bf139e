// SPDX-License-Identifier: Apache-2.0

/** Values that are handed on together: enough that a table's first lines tell the widths of its columns. */
const PORTION = 5_000;

/** The values in a text that has one on each line. @throws {SyntaxError} for a line that is no JSON. */
export async function* jsonLines(chunks: AsyncIterable<string>): AsyncGenerator<readonly unknown[], void> {
  let values: unknown[] = [];
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) values.push(JSON.parse(line));
    if (values.length < PORTION) continue;
    yield values;
    values = [];
  }
  if (rest !== '') values.push(JSON.parse(rest));
  if (values.length > 0) yield values;
}

/** The data of server-sent events, each of which stands on one line as the agent writes them. */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice(6)) as unknown;
  }
}
