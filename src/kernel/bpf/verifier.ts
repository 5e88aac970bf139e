// SPDX-License-Identifier: Apache-2.0

/** Lines of a verifier log that are no reason: instructions, states, statistics. */
const NOISE =
  /^(\d+: |;( |$)|processed \d+ insns|from \d+ to |verification time|stack depth|max_states|mark_precise|R\d+(_\w+)?=|func#|Validating|The sequence|-- |peak_states|arg#\d+ )/;

/** About a register: what stands in the line before it, if anything does, says more. */
const REGISTER = /^R\d+ /;

/** The reason in the verifier's own words: the last line of its log that is neither an instruction nor a statistic. */
export function verifierSummary(log: string): string {
  const lines = log.split('\n').map((line) => line.trim());
  const says = (line: string) => line !== '' && !NOISE.test(line);
  const last = lines.findLastIndex(says);
  const at =
    last > 0 && REGISTER.test(lines[last] as string) && says(lines[last - 1] as string) ? last - 1 : last;
  const reason = lines[at];
  if (reason === undefined)
    return lines.findLast((line) => line !== '' && !line.startsWith('processed')) ?? 'no reason given';
  const source = lines.slice(0, at).findLast((line) => line.startsWith('; '));
  return source === undefined ? reason : `${reason}, at \`${source.slice(2).replace(/ @ .*$/, '')}\``;
}
