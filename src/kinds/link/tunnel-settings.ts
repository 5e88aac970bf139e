// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp } from '../../base/ip.ts';
import type { Setting } from './setting.ts';

/** An end of a tunnel over IPv4 (4 bytes) or IPv6 (16). */
export function tunnelAddress(name: string, bytes: 4 | 16, description: string): Setting {
  return {
    schema: Type.String({ description }),
    canonical(text: string) {
      const address = parseIp(text);
      if (address.length === bytes) return renderIp(address);
      const problem = `is not ${bytes === 4 ? 'IPv4' : 'IPv6'}, which this kind runs over`;
      throw new WeirError('VALUE', { what: `address "${text}"`, problem });
    },
    attributes: (text: string) => ({ [name]: parseIp(text) }),
  };
}
