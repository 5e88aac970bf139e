// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../base/errors.ts';
import { parseIp, parseMac, renderIp, renderMac } from '../base/ip.ts';
import type { Complain } from './object-class.ts';

/** What `parse` gives; what it throws goes to `complain`. */
export function attempt<T>(parse: () => T, path: string, complain: Complain): T | undefined {
  try {
    return parse();
  } catch (error) {
    complain(path, messageOf(error));
    return undefined;
  }
}

/** Canonical text of an IP address that was declared. */
export function declaredIp(text: string | undefined, path: string, complain: Complain): string | undefined {
  return text === undefined ? undefined : attempt(() => renderIp(parseIp(text)), path, complain);
}

/** Canonical text of a MAC address that was declared. */
export function declaredMac(text: string | undefined, path: string, complain: Complain): string | undefined {
  return text === undefined ? undefined : attempt(() => renderMac(parseMac(text)), path, complain);
}
