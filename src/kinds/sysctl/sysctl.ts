// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { Ref, Spec } from '../../model/object.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { canonicalName, deviceSetting, sysctlParts, sysctlPath } from './name.ts';

/** The value of one sysctl. */
export const SysctlValue = Type.Union([Type.Integer(), Type.String({ maxLength: 4000 })], {
  description: 'What is written to the file; several numbers are text with spaces between',
});

/**
 * Sysctls of a network namespace (net/sysctl_net.c). Nothing outside `net.*`: all else belongs to the whole machine and
 * not to its network. They exist already, and have their former value again when no document declares them any more.
 */
export const sysctl: ObjectClass = {
  name: 'sysctl',
  section: { document: 'Tuning', name: 'sysctls', schema: SysctlValue, mapping: true },
  compare: 'declared',
  identity: ['name'],
  lasting: true,
  declare: (item, complain) => declare(String(item['name']), item['value'] as number | string, complain),
  item: (spec) => spec,
  key: (spec) => String(spec['name']),
  needs: (spec) => needs(String(spec['name'])),
  innate: () => true,
  fixed: (before) => (before['similar'] === undefined ? [] : ['value']),
  refusal: (before) => `there is no such sysctl in this namespace, did you mean "${before['similar']}"?`,
  write: ({ after }, to) => {
    // without the line feed an empty list would be no write at all
    if (after !== undefined) to.file('proc', sysctlPath(String(after['name'])), `${after['value']}\n`);
  },
  describe: (spec) => `sysctl ${spec['name']}`,
};

/** The canonical settings of a sysctl whose file has this content. */
export function sysctlSpec(name: string, content: string): Spec {
  return { name, value: canonicalValue(content) };
}

/** What stands in place of the settings of a sysctl that does not exist: one that does and has nearly its name. */
export function absentSysctl(name: string, similar: string): Spec {
  return { name, similar };
}

/** As the kernel prints it, with one space for each run of blanks; a single decimal number is a number. */
function canonicalValue(text: string): number | string {
  const folded = text.trim().replace(/\s+/g, ' ');
  const number = Number(folded);
  return /^(0|-?[1-9]\d*)$/.test(folded) && Number.isSafeInteger(number) ? number : folded;
}

function declare(name: string, value: number | string, complain: Complain): readonly Declared[] {
  const parts = sysctlParts(name);
  const problem = nameProblem(parts) ?? valueProblem(value);
  if (problem === undefined)
    return [{ class: 'sysctl', spec: sysctlSpec(canonicalName(parts), String(value)), path: '' }];
  complain('', problem);
  return [];
}

/** Settings that are keys, which would be shown and stored. */
const SECRET = ['stable_secret', 'tcp_fastopen_key'];

function nameProblem(parts: readonly string[]): string | undefined {
  const leaf = parts.at(-1) ?? '';
  if (parts[0] !== 'net' || parts.length < 3) return 'is no setting of the network: names begin with net.';
  if (parts.some((part) => !/^[\x21-\x7e]+$/.test(part) || part.includes('/') || /^\.+$/.test(part)))
    return 'is no name of a sysctl: write it as `sysctl -a` does';
  if (leaf === 'flush') return 'is an action and no setting: leave it out';
  if (SECRET.includes(leaf)) return 'is a secret, which a plan would show: set it with sysctl(8)';
  return undefined;
}

function valueProblem(value: number | string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\x00-\x08\x0a-\x1f]/.test(String(value)) ? 'must be one line of text' : undefined;
}

/**
 * A device; and what sets the same on all devices when it is written (net/ipv4/devinet.c inet_forward_change(),
 * net/ipv6/addrconf.c addrconf_forward_change()), so that it comes first.
 */
function needs(name: string): readonly Ref[] {
  const setting = deviceSetting(name);
  if (setting === undefined) return [];
  const { family, dev, leaf } = setting;
  const general = generalOf(family, dev, leaf).map((key): Ref => ({ class: 'sysctl', key }));
  return dev === 'all' || dev === 'default' ? general : [{ class: 'link', key: dev }, ...general];
}

function generalOf(family: string, dev: string, leaf: string): readonly string[] {
  if (family === 'net.mpls.conf') return [];
  if (family.endsWith('.neigh')) return dev === 'default' ? [] : [`${family}.default.${leaf}`];
  const forwarding = family === 'net.ipv4.conf' && leaf === 'forwarding' ? ['net.ipv4.ip_forward'] : [];
  if (dev === 'all') return forwarding;
  const all = [...forwarding, `${family}.all.${leaf}`];
  return dev === 'default' ? all : [...all, `${family}.default.${leaf}`];
}
