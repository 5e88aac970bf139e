// SPDX-License-Identifier: Apache-2.0
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  encodeTcAttrs,
  encodeTcmsg,
  RTM_DELTFILTER,
  RTM_NEWTFILTER,
  type TcAttrs,
  type TcOptionsMsg,
} from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import type { Change, OperationSink } from '../object-class.ts';
import { actionAttributes } from './action/actions.ts';
import { classIdNumber } from './class-id.ts';
import { filterKind } from './kinds.ts';
import { ownedProgramIn } from './owned-program.ts';
import { protocolNumber } from './protocol.ts';

/** The messages of a change. A filter of others that has what no document can say is never made anew. */
export function writeFilter({ op, before = {}, after }: Change, to: OperationSink): void {
  const spec = after ?? before;
  const tcmIfindex = to.ifindex(String(spec['dev']));
  const made = op === 'remove' || after?.['other'] !== undefined ? undefined : newFilter(spec, to);
  const inPlace = op === 'change' && made !== undefined && isInPlace(before, spec);
  if (op !== 'create' && !inPlace)
    send(to, RTM_DELTFILTER, 0, { ...head(before), tcmIfindex }, chainOf(before));
  if (made === undefined) return;
  const flags = NLM_F_CREATE | (inPlace ? 0 : NLM_F_EXCL);
  const own = inPlace ? { tcmHandle: ONLY } : made.head;
  send(to, RTM_NEWTFILTER, flags, { ...head(spec), ...own, tcmIfindex }, made.attributes);
}

/** The handle that the kernel gives to the only filter of a priority. */
const ONLY = 1;

/** True for a filter that gets another program of a document. */
function isInPlace(before: Spec, after: Spec): boolean {
  return [before, after].every(
    (spec) => ownedProgramIn((spec['bpf'] as Spec | undefined)?.['pinned']) !== undefined,
  );
}

type Head = Readonly<Parameters<typeof encodeTcmsg>[1]>;

function send(to: OperationSink, type: number, flags: number, header: Head, attributes: TcAttrs): void {
  to.rtnl(type, flags, (out) => {
    encodeTcmsg(out, header);
    encodeTcAttrs(out, attributes);
  });
}

/** Where the filter is; handle 0 stands for all that there is of the priority. */
function head(spec: Spec): Head {
  const protocol = protocolNumber(spec['protocol'] as string | number);
  const swapped = ((protocol & 0xff) << 8) | (protocol >> 8);
  return {
    tcmParent: classIdNumber(String(spec['parent'])),
    tcmInfo: Number(spec['priority']) * 0x1_0000 + swapped,
  };
}

function chainOf(spec: Spec): TcAttrs {
  return spec['chain'] === undefined ? {} : { chain: Number(spec['chain']) };
}

function newFilter(spec: Spec, to: OperationSink): { head: Head; attributes: TcAttrs } | undefined {
  const kind = filterKind(spec['kind']);
  if (kind === undefined) return undefined;
  const settings = (spec[kind.kind] ?? {}) as Spec;
  const act = ((spec['actions'] ?? []) as readonly Spec[]).map((action) =>
    actionAttributes(action, (name) => to.ifindex(name)),
  );
  const options = {
    kind: kind.kind,
    ...kind.attributes(settings, spec['protocol'], (path) => to.bpf(path)),
    ...(spec['classid'] !== undefined && { classid: classIdNumber(String(spec['classid'])) }),
    ...(act.length > 0 && { act }),
  };
  return {
    head: { tcmHandle: kind.handle?.(settings) ?? 0 },
    attributes: { ...chainOf(spec), kind: kind.kind, options: options as unknown as TcOptionsMsg },
  };
}
