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
import { protocolNumber } from './protocol.ts';

/** The messages of a change. A filter of others that has what no document can say is never made anew. */
export function writeFilter({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as Spec;
  const tcmIfindex = to.ifindex(String(spec['dev']));
  const made = op === 'remove' || after?.['other'] !== undefined ? undefined : newFilter(spec, to);
  if (op !== 'create')
    send(to, RTM_DELTFILTER, 0, { ...head(before as Spec), tcmIfindex }, chainOf(before as Spec));
  if (made !== undefined)
    send(
      to,
      RTM_NEWTFILTER,
      NLM_F_CREATE | NLM_F_EXCL,
      { ...head(spec), ...made.head, tcmIfindex },
      made.attributes,
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
