// SPDX-License-Identifier: Apache-2.0
import type { JudgedVerdict, Probe } from './judge.ts';
import type { TableCheck, TableEndpoint, TableVerdict } from './table.ts';

/** One cell of a table: a probe and what shall come of it. */
export interface Cell {
  readonly probe: Probe;
  readonly expected: TableVerdict;
}

/** The cells of a check among the endpoints of the step. */
export function cellsOf(check: TableCheck, endpoints: ReadonlyMap<string, TableEndpoint>): readonly Cell[] {
  const { except = [], from, to } = check;
  const named = (name: string): TableEndpoint => {
    const found = endpoints.get(name);
    if (found === undefined) throw new Error(`the table has no endpoint ${name}`);
    return found;
  };
  const all = [...endpoints.values()];
  const listening = all.filter((one) => listens(one, check));
  const sources = new Set([...(from?.map(named) ?? listening), ...except.map(([name]) => named(name))]);
  const targets = to?.map(named) ?? listening;
  for (const [, name] of except) named(name);
  const cells: Cell[] = [];
  for (const source of sources)
    for (const target of targets) {
      const isExcept = except.some(([a, b]) => a === source.name && b === target.name);
      if (source === target || !(isExcept || isMeant(source, check, listening))) continue;
      const expected = isExcept ? otherThan(check.default) : check.default;
      for (const probe of probesOf(source, target, check)) cells.push({ probe, expected });
    }
  return cells;
}

/** A source that only an exception names is judged there alone. */
function isMeant(source: TableEndpoint, { from }: TableCheck, listening: readonly TableEndpoint[]): boolean {
  return from === undefined ? listening.includes(source) : from.includes(source.name);
}

function listens({ ports = [] }: TableEndpoint, { protocol, port }: TableCheck): boolean {
  return (
    protocol === 'ICMP' ||
    protocol === 'MLD' ||
    ports.some((one) => one.protocol === protocol && one.port === port)
  );
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
