// SPDX-License-Identifier: Apache-2.0
// A strict reader of the Prometheus text format, independent of the writer under test.

/** One family as a server reads it. */
export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** By label set in canonical order. */
  readonly samples: Map<string, ParsedSample>;
}

export interface ParsedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Read a whole scrape.
 *
 * @throws for a malformed line, a family whose lines are not together, a sample without TYPE, a repeated series.
 */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  let current: ParsedFamily | undefined;
  let help: { name: string; text: string } | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      const [, name = '', words = ''] = /^# HELP (\S+) (.*)$/s.exec(line) ?? [];
      help = { name, text: words };
    } else if (line.startsWith('# TYPE ')) {
      const [, name = '', type = ''] =
        /^# TYPE (\S+) (counter|gauge|untyped|histogram|summary)$/.exec(line) ?? [];
      if (name === '') throw new Error(`bad TYPE: ${line}`);
      if (families.has(name)) throw new Error(`family ${name} comes twice`);
      current = { name, type, help: help?.name === name ? help.text : '', samples: new Map() };
      families.set(name, current);
    } else addSample(line, current);
  }
  return families;
}

function addSample(line: string, family: ParsedFamily | undefined): void {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
  if (match === null) throw new Error(`bad line: ${line}`);
  const [, name = '', labelText = '', value = ''] = match;
  const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (family === undefined || !suffixes.some((suffix) => `${family.name}${suffix}` === name))
    throw new Error(`sample outside its family: ${line}`);
  const labels = parseLabels(labelText, line);
  const key = `${name === family.name ? '' : name}${keyOf(labels)}`;
  if (family.samples.has(key)) throw new Error(`series comes twice: ${line}`);
  family.samples.set(key, { labels, value: numberOf(value, line) });
}

/** A label set in canonical order. */
export function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?!$)|$)/.exec(rest);
    if (match === null) throw new Error(`bad labels: ${line}`);
    const [whole, name = '', value = ''] = match;
    if (name in labels) throw new Error(`label twice: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function numberOf(text: string, line: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`bad number: ${line}`);
  return Number(text);
}
