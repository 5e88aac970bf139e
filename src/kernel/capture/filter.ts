// SPDX-License-Identifier: Apache-2.0
// Filters in the syntax of pcap-filter(7), compiled by the machine's libpcap.
import { ERRNO } from '../../base/errno.gen.ts';
import { WeirError } from '../../base/errors.ts';
import { acceptAll } from '../../codec/bpf/classic.ts';
import { checked } from '../errno.ts';
import { native } from '../native.ts';
import type { FilterCompiler } from './port.ts';

/** Milliseconds for finding the place of a mistake: names of hosts may be looked up. */
const SEARCH_MS = 1_000;

export const filterCompiler: FilterCompiler = {
  async compile(linkType, snapLength, filter) {
    if (filter.trim() === '') return acceptAll(snapLength);
    const result = await attempt(linkType, snapLength, filter);
    if (typeof result !== 'string') return result;
    throw await mistake(
      filter,
      result,
      async (text) => typeof (await attempt(linkType, snapLength, text)) !== 'string',
    );
  },
};

/** @returns the program, or what libpcap says. */
async function attempt(linkType: number, snapLength: number, filter: string): Promise<Uint8Array | string> {
  const result = await native().filterCompileLater(linkType, snapLength, filter);
  if (result === -ERRNO.ELIBACC)
    throw new WeirError('NO_DATA', { what: 'filtering packets (libpcap.so.0.8, Debian package libpcap0.8)' });
  return typeof result === 'number' ? (checked('compile the filter', result) as never) : result;
}

/** Where in the filter, counted in characters from 1, and the word that stands there. */
interface Place {
  readonly column: number;
  readonly word: string;
}

async function mistake(
  filter: string,
  said: string,
  compiles: (text: string) => Promise<boolean>,
): Promise<WeirError> {
  const problem = said.replace(/^can't parse filter expression: /, '');
  const place = quoted(filter, problem) ?? (await misplaced(filter, compiles));
  const where = place === undefined ? '' : ` at column ${place.column}, "${place.word}"`;
  return new WeirError('CAPTURE_FILTER', { filter, problem: `${problem}${where}`, column: place?.column });
}

/** libpcap quotes what it does not know: unknown host 'x'. */
function quoted(filter: string, problem: string): Place | undefined {
  const word = /['"]([^'"]+)['"]/.exec(problem)?.[1];
  const at = word === undefined ? -1 : filter.indexOf(word);
  return word === undefined || at < 0 ? undefined : { column: at + 1, word };
}

/** What can complete the beginning of a filter: where none of these can, the mistake is before its end. */
const COMPLETIONS = [
  '',
  '1',
  '10.0.0.1',
  '10.0.0.0/8',
  '1-2',
  '2:2:2:2:2:2',
  'ip',
  'host 10.0.0.1',
  'port 1',
  'src port 1',
  'portrange 1-2',
  '= 0',
  '0] = 0',
  '] = 0',
  'mask 255.0.0.0',
  'proto 1',
  'len = 0',
];

/**
 * libpcap says that there is a syntax error and not where: the first word with which the filter can no longer be completed
 * to a right one.
 */
async function misplaced(
  filter: string,
  compiles: (text: string) => Promise<boolean>,
): Promise<Place | undefined> {
  const until = performance.now() + SEARCH_MS;
  for (const found of filter.matchAll(/[^\s()!]+|[()!]/g)) {
    const beginning = filter.slice(0, found.index + found[0].length);
    if (performance.now() > until) return undefined;
    if (!(await canBeCompleted(beginning, compiles))) return { column: found.index + 1, word: found[0] };
  }
  // all of it is the beginning of a right one
  return { column: filter.length + 1, word: 'end of the filter' };
}

async function canBeCompleted(
  beginning: string,
  compiles: (text: string) => Promise<boolean>,
): Promise<boolean> {
  const open = beginning.split('(').length - beginning.split(')').length;
  for (const completion of COMPLETIONS)
    if (await compiles(`${beginning} ${completion}${')'.repeat(Math.max(0, open))}`)) return true;
  return false;
}
