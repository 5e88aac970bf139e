// SPDX-License-Identifier: Apache-2.0
import type { NamedPort, PortMatch } from '../../model/policy.ts';
import { KEY_END, portKey } from '../compiled.ts';

/** TCP flags that a packet must have. */
export interface FlagCondition {
  readonly mask: number;
  readonly value: number;
}

/** Keys from `start` to before `end` (see `portKey`). */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly flags?: FlagCondition;
}

const ALL: readonly Range[] = [{ start: 0, end: KEY_END }];
const CLASS_SIZE = 65_536;

/** Protocols whose keys have something behind the class: TCP, UDP, SCTP, ICMP, ICMPv6. */
const CLASSED: readonly number[] = [6, 17, 132, 1, 58];

/** The keys that a rule matches. @param named Ports of the endpoint that is the destination. */
export function rangesOf(
  ports: readonly PortMatch[] | undefined,
  named: readonly NamedPort[],
): readonly Range[] {
  if (ports === undefined) return ALL;
  const found: Range[] = [];
  for (const one of ports) {
    const flags = one.flags && { flags: one.flags };
    for (const [start, end] of keysOf(one, named)) found.push({ start, end, ...flags });
  }
  return found;
}

function keysOf(match: PortMatch, named: readonly NamedPort[]): readonly (readonly [number, number])[] {
  const { protocol, ports, name, type, code } = match;
  if (name !== undefined)
    return named
      .filter((one) => one.name === name && (protocol === undefined || one.protocol === protocol))
      .map((one) => [portKey(one.protocol, one.port), portKey(one.protocol, one.port) + 1] as const);
  if (protocol === undefined) return [[0, KEY_END]];
  const first = portKey(protocol, 0);
  if (!CLASSED.includes(protocol)) return [[first, first + 1]];
  if (ports !== undefined) return [[first + ports[0], first + ports[1] + 1]];
  if (type === undefined) return [[first, first + CLASS_SIZE]];
  if (code === undefined) return [[first + type * 256, first + type * 256 + 256]];
  return [[first + type * 256 + code, first + type * 256 + code + 1]];
}
