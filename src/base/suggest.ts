// SPDX-License-Identifier: Apache-2.0

/** Names that a message lists. */
const LISTED = 16;

/**
 * The candidate nearest to `word` by edit distance, when it is near enough to be a slip of the finger; else the longest
 * that is part of the word, or that it is part of.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  return byDistance(word, all) ?? byPart(word, all);
}

function byDistance(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  // of a short word hardly anything would be left
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function byPart(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const near = candidates.filter((one) => {
    const other = one.toLowerCase();
    return Math.min(lower.length, other.length) >= 4 && (lower.includes(other) || other.includes(lower));
  });
  return near.toSorted((a, b) => b.length - a.length)[0];
}

/** `, did you mean "x"?`, or the names that there are. */
export function didYouMeanOr(word: string, candidates: readonly string[]): string {
  const found = didYouMean(word, candidates);
  if (found !== '' || candidates.length === 0) return found;
  const more = candidates.length > LISTED ? ' and more' : '';
  return `: there ${candidates.length === 1 ? 'is' : 'are'} ${candidates.slice(0, LISTED).join(', ')}${more}`;
}

/** `, did you mean "x"?` or nothing: the tail of an error about an unknown word. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : `, did you mean "${found}"?`;
}

/** Letters to put in, leave out, change, or swap with the next one. */
function editDistance(a: string, b: string): number {
  let last: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const least = Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(swapped ? Math.min(least, (last[j - 2] as number) + 1) : least);
    }
    [last, row] = [row, next];
  }
  return row[b.length] as number;
}
