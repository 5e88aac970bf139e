// SPDX-License-Identifier: Apache-2.0

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'failure';
  /** What was found. */
  readonly found: string;
  /** How to mend it, when it is not ok. */
  readonly fix?: string;
}

export const ok = (name: string, found: string): Check => ({ name, result: 'ok', found });
export const warning = (name: string, found: string, fix?: string): Check => ({
  name,
  result: 'warning',
  found,
  ...(fix !== undefined && { fix }),
});
export const failure = (name: string, found: string, fix?: string): Check => ({
  ...warning(name, found, fix),
  result: 'failure',
});

/** The worst first; what is alike stays in its order. */
export function byWeight(checks: readonly Check[]): readonly Check[] {
  const rank = ({ result }: Check) => ['failure', 'warning', 'ok'].indexOf(result);
  return checks.toSorted((a, b) => rank(a) - rank(b));
}
