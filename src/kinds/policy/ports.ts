// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { described } from '../../base/expected.ts';
import type { PortMatch } from '../../model/policy.ts';
import { present } from '../fields.ts';
import type { Complain } from '../object-class.ts';

const closed = { additionalProperties: false };

/** Numbers of the protocols that rules name (IANA). */
export const PROTOCOLS = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPv6: 58 } as const;

const PORT_NAME = /^(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;

/** Why a text is no name of a port (IANA service name). */
export function portNameProblem(name: string): string | undefined {
  if (PORT_NAME.test(name)) return undefined;
  return `${described(name)} is no name of a port: at most 15 lower-case letters, digits and single dashes, with a letter`;
}

const FLAGS = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;
type FlagName = keyof typeof FLAGS;
const FLAG_NAMES = Object.keys(FLAGS) as FlagName[];

const TcpFlags = Type.Object(
  {
    set: Type.Optional(Type.Array(Type.Enum(FLAG_NAMES), { description: 'Flags that are set', maxItems: 8 })),
    clear: Type.Optional(
      Type.Array(Type.Enum(FLAG_NAMES), { description: 'Flags that are not set', maxItems: 8 }),
    ),
  },
  { ...closed, minProperties: 1, description: 'Of TCP: flags of the packet; a new connection has SYN alone' },
);

const byte = (description: string) => Type.Optional(Type.Integer({ description, minimum: 0, maximum: 255 }));

/** An entry of `ports` in a rule of a Policy document. */
export const PortField = Type.Object(
  {
    protocol: Type.Optional(
      Type.Union(
        [
          Type.Enum(['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'any']),
          Type.Integer({ minimum: 0, maximum: 255 }),
        ],
        { description: 'Protocol by name or by its number', default: 'TCP' },
      ),
    ),
    port: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: 65535 }), Type.String()], {
        description: 'Destination port, by number or by the name that the destination gives it; absent: all',
      }),
    ),
    endPort: Type.Optional(
      Type.Integer({ description: 'Last one of a range that begins at `port`', minimum: 0, maximum: 65535 }),
    ),
    type: byte('Type of ICMP or ICMPv6'),
    code: byte('Code of that type'),
    tcpFlags: Type.Optional(TcpFlags),
  },
  { ...closed, description: 'What a packet has to have. Of several one is enough' },
);

type PortValue = Static<typeof PortField>;

const WITH_PORTS: readonly number[] = [PROTOCOLS.TCP, PROTOCOLS.UDP, PROTOCOLS.SCTP];
const WITH_TYPES: readonly number[] = [PROTOCOLS.ICMP, PROTOCOLS.ICMPv6];

/** What an entry of `ports` matches. */
export function portOf(value: PortValue, path: string, complain: Complain): PortMatch {
  const { protocol = 'TCP', port, endPort, type, code, tcpFlags } = value;
  const number = protocolNumber(protocol);
  if (port !== undefined && !(number !== undefined && WITH_PORTS.includes(number)))
    complain(`${path}.port`, `${protocol} has no ports: leave it out, or say TCP, UDP or SCTP`);
  if ((type ?? code) !== undefined && !(number !== undefined && WITH_TYPES.includes(number)))
    complain(`${path}.${type === undefined ? 'code' : 'type'}`, `${protocol} has none: say ICMP or ICMPv6`);
  if (code !== undefined && type === undefined) complain(`${path}.code`, 'needs the type that it belongs to');
  if (tcpFlags !== undefined && number !== PROTOCOLS.TCP)
    complain(`${path}.tcpFlags`, `${protocol} has none: say TCP`);
  return present({
    protocol: number,
    ...rangeOf(port, endPort, path, complain),
    type,
    code,
    flags: tcpFlags && flagsOf(tcpFlags, `${path}.tcpFlags`, complain),
  }) as PortMatch;
}

function protocolNumber(protocol: string | number): number | undefined {
  return typeof protocol === 'number' ? protocol : PROTOCOLS[protocol as keyof typeof PROTOCOLS];
}

/** Ports of `port` and `endPort`, or a name. */
export function rangeOf(
  port: number | string | undefined,
  endPort: number | undefined,
  path: string,
  complain: Complain,
): Pick<PortMatch, 'ports' | 'name'> {
  if (endPort !== undefined && typeof port !== 'number') {
    complain(`${path}.endPort`, 'needs a port that is a number, where the range begins');
    return {};
  }
  if (port === undefined) return {};
  if (typeof port === 'string') {
    const problem = portNameProblem(port);
    if (problem !== undefined) complain(`${path}.port`, problem);
    return { name: port };
  }
  if (endPort !== undefined && endPort < port) complain(`${path}.endPort`, `must be ${port} or more`);
  return { ports: [port, endPort ?? port] };
}

function flagsOf(
  { set = [], clear = [] }: Static<typeof TcpFlags>,
  path: string,
  complain: Complain,
): NonNullable<PortMatch['flags']> {
  const bits = (names: readonly FlagName[]) => names.reduce((all, name) => all | FLAGS[name], 0);
  const [value, not] = [bits(set), bits(clear)];
  if ((value & not) !== 0) complain(path, 'a flag cannot be set and clear: take it out of one of the lists');
  if ((value | not) === 0) complain(path, 'names no flag: leave it out');
  return { mask: value | not, value };
}
