// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/** Forms of output, for `-o`. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Renders a list that comes in pages, so that it never stands in memory as a whole. */
export interface ListWriter {
  page(items: readonly unknown[]): string;
  /** What follows the last page. */
  end(): string;
}

/** A JSON array with one item per line. */
export function jsonList(): ListWriter {
  let written = 0;
  return {
    page(items) {
      const text = items.map((item) => `${written++ === 0 ? '[' : ','}\n${JSON.stringify(item)}`).join('');
      return text;
    },
    end: () => (written === 0 ? '[]\n' : '\n]\n'),
  };
}

/** A YAML sequence. */
export function yamlList(): ListWriter {
  let written = 0;
  return {
    page(items) {
      written += items.length;
      return items.length === 0 ? '' : renderYaml(items);
    },
    end: () => (written === 0 ? '[]\n' : ''),
  };
}

/** One document as JSON, to be read by people too. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** One document as YAML. The library comes when asked for: the agent starts here too, and would pay megabytes for it. */
export function renderYaml(value: unknown): string {
  const { stringify } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return stringify(value, { lineWidth: 0 });
}
