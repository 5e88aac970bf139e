// SPDX-License-Identifier: Apache-2.0
import { type IpPrefix, parseIp } from '../../base/ip.ts';
import type { ClassName, ObjectId, Spec } from '../../model/object.ts';
import type { Action, CallerPath, Diagnostic } from '../plan.ts';
import { covers, prefixOf } from '../prefix.ts';
import { settingAt } from '../settings.ts';
import type { Outlook } from './outlook.ts';

/** Steps on the way by which callers reach the node. They live in the agent's own namespace. */
export function* ownPath(outlook: Outlook): Iterable<Diagnostic> {
  const { callers } = outlook.input;
  if (callers.length === 0) return;
  for (const caller of callers)
    for (const action of outlook.actions) {
      if (action.netns !== '') continue;
      const how = TOUCHES[action.class]?.(action, caller, outlook);
      if (how === undefined) continue;
      const message = `the connection from ${caller.peer} ${how}: confirm in time, or it is rolled back`;
      const { id, origin } = action;
      yield { severity: 'warning', code: 'OWN_PATH', message, id, ...(origin && { origin }) };
    }
}

type Touch = (action: Action, caller: CallerPath, outlook: Outlook) => string | undefined;

const TOUCHES: Partial<Record<ClassName, Touch>> = {
  link: touchesLink,
  address: touchesAddress,
  route: touchesRoute,
  rule: touchesRule,
};

function touchesLink(action: Action, { dev }: CallerPath): string | undefined {
  const { op, key, before, after, replaces } = action;
  if (dev === undefined || key !== dev) return undefined;
  if (op === 'remove')
    return `runs through ${dev}, which is ${replaces === undefined ? 'removed' : 'replaced'}`;
  if (op === 'create') return undefined;
  const changed = (field: string) => settingAt(before, field) !== settingAt(after, field);
  if (changed('state') && after?.['state'] === 'down') return `runs through ${dev}, which is set down`;
  if (changed('master'))
    return after?.['master'] === undefined
      ? `runs through ${dev}, which leaves ${before?.['master']}`
      : `runs through ${dev}, which becomes a port of ${after['master']}`;
  return undefined;
}

function touchesAddress({ op, before, replaces }: Action, { local }: CallerPath): string | undefined {
  const address = before?.['address'];
  if (op !== 'remove' || local === undefined || typeof address !== 'string') return undefined;
  if (address.split('/')[0] !== local) return undefined;
  return `comes to ${local}, which is ${replaces === undefined ? 'removed from' : 'replaced on'} ${before?.['dev']}`;
}

function touchesRoute(action: Action, caller: CallerPath, { input }: Outlook): string | undefined {
  const { op, key, before, after, fields = [], replaces, restores } = action;
  if (key === caller.route) {
    if (op === 'remove')
      return `is answered through the route ${key}, which is ${replaces === undefined ? 'removed' : 'replaced'}`;
    if (op === 'change') return `is answered through the route ${key}, whose ${fields.join(', ')} changes`;
    return undefined;
  }
  if (op === 'remove' || restores || after === undefined || sameWay(before, after)) return undefined;
  const table = after['table'] ?? 'main';
  const now =
    caller.route === undefined ? undefined : input.observed.get(`route ${caller.route}` as ObjectId);
  const [dst, current] = [prefixOf(after['dst']), prefixOf(now?.spec['dst'])];
  const peer = hostOf(caller.peer);
  if (table !== 'main' || dst === undefined || peer === undefined || !covers(dst, peer)) return undefined;
  if (current !== undefined && dst.prefixlen < current.prefixlen) return undefined;
  if (after['dev'] === caller.dev && after['gateway'] === caller.gateway) return undefined;
  return `will be answered through the route ${key}`;
}

function sameWay(before: Spec | undefined, after: Spec): boolean {
  return before !== undefined && ['dev', 'gateway', 'type'].every((name) => before[name] === after[name]);
}

function touchesRule({ op, before, after, key }: Action, caller: CallerPath): string | undefined {
  const spec = after ?? before ?? {};
  const peer = hostOf(caller.peer);
  const local = caller.local === undefined ? undefined : hostOf(caller.local);
  const [to, from] = [prefixOf(spec['to'] ?? spec['dst']), prefixOf(spec['from'] ?? spec['src'])];
  if (peer === undefined || (to !== undefined && !covers(to, peer))) return undefined;
  if (from !== undefined && local !== undefined && !covers(from, local)) return undefined;
  if (spec['iif'] !== undefined || spec['fwmark'] !== undefined) return undefined;
  const verb = { create: 'created', change: 'changed', remove: 'removed' }[op];
  return `may be routed otherwise by the rule ${key}, which is ${verb}`;
}

function hostOf(text: string): IpPrefix | undefined {
  try {
    const address = parseIp(text);
    return { address, prefixlen: address.length * 8 };
  } catch {
    return undefined;
  }
}
