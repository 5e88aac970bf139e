// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** The name of a user of this node, `uid 1000` where the node knows none. Users of directories elsewhere have none here. */
export function userName(uid: number): string {
  return names().get(uid) ?? `uid ${uid}`;
}

let known: ReadonlyMap<number, string> | undefined;

/** Read once: a name that changes later is still told by the number in the log. */
function names(): ReadonlyMap<number, string> {
  known ??= new Map(
    passwd()
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([, , uid = '']) => /^\d+$/.test(uid))
      .map(([name = '', , uid]) => [Number(uid), name]),
  );
  return known;
}

function passwd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
