// SPDX-License-Identifier: Apache-2.0
import type { JudgedVerdict, Probe } from './judge.ts';
import type { TableCheck, TableEndpoint, TableVerdict } from './table.ts';

/** One cell of a table: a probe and what shall come of it. */
export interface Cell {
  readonly probe: Probe;
  readonly expected: TableVerdict;
}

/** The cells of a check among the endpoints of the step. A source that only an exception names is judged there alone. */
export function cellsOf(check: TableCheck, endpoints: ReadonlyMap<string, TableEndpoint>): readonly Cell[] {
  const { except = [], from, to } = check;
  const excepted = new Set(except.map((pair) => pair.join(' ')));
  const all = [...endpoints.values()];
  const targets = all.filter((one) => listens(one, check) && (to?.includes(one.name) ?? true));
  const cells: Cell[] = [];
  for (const source of all) {
    const isMeant = from?.includes(source.name) ?? listens(source, check);
    for (const target of targets) {
      const isExcept = excepted.has(`${source.name} ${target.name}`);
      if (source === target || !(isExcept || isMeant)) continue;
      const expected = isExcept ? otherThan(check.default) : check.default;
      for (const probe of probesOf(source, target, check)) cells.push({ probe, expected });
    }
  }
  return cells;
}

export function hasPorts(protocol: TableCheck['protocol']): boolean {
  return protocol !== 'ICMP' && protocol !== 'MLD';
}

/** True for what of the check an endpoint answers: of what has no ports every one does. */
export function listens({ ports = [] }: TableEndpoint, { protocol, port }: TableCheck): boolean {
  return !hasPorts(protocol) || ports.some((one) => one.protocol === protocol && one.port === port);
}

function otherThan(verdict: TableVerdict): TableVerdict {
  return verdict === 'allow' ? 'deny' : 'allow';
}

function* probesOf(source: TableEndpoint, target: TableEndpoint, check: TableCheck): Iterable<Probe> {
  for (const family of [4, 6] as const) {
    if (check.addressFamily !== undefined && check.addressFamily !== family) continue;
    const [a, b] = [addressOf(source, family), addressOf(target, family)];
    if (a === undefined || b === undefined) continue;
    yield {
      from: source.name,
      to: target.name,
      source: a,
      destination: b,
      family,
      protocol: check.protocol,
      ...(check.port !== undefined && { port: check.port }),
    };
  }
}

function addressOf({ addresses }: TableEndpoint, family: 4 | 6): string | undefined {
  return addresses.find((one) => one.includes(':') === (family === 6));
}

/** A denial may answer or not; a table that says reject wants the answer. */
export function agrees(expected: TableVerdict, judged: JudgedVerdict): boolean {
  return judged === expected || (expected === 'deny' && judged === 'reject');
}

/** `x/a -> y/b TCP 80 IPv4`. */
export function probeText({ from, to, protocol, port, family }: Probe): string {
  return `${from} -> ${to} ${protocol}${port === undefined ? '' : ` ${port}`} IPv${family}`;
}
