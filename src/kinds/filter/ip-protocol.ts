// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { ipProtocolNumber as known } from '../rule/ip-protocol-number.ts';

/** Schema of a protocol above IP. */
export const IpProtocol = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.String()], {
    description: `${description}: tcp, udp, icmp, or a number`,
  });

/** Number of what fits {@link IpProtocol}. @throws {WeirError} `VALUE` for an unknown name. */
export function ipProtocolNumber(name: string | number): number {
  const number = known(name);
  if (number === undefined)
    throw new WeirError('VALUE', { what: `IP protocol "${name}"`, problem: 'is not known: give its number' });
  return number;
}
