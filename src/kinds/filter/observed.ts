// SPDX-License-Identifier: Apache-2.0
import type { TcActAttrs, TcAttrs, Tcmsg } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import { given } from '../fields.ts';
import { observedAction } from './action/actions.ts';
import type { Attributes } from './action/kind.ts';
import { renderClassId } from './class-id.ts';
import { filterSpec } from './filter.ts';
import { filterKind } from './kinds.ts';
import { renderProtocol } from './protocol.ts';

/**
 * The canonical settings of a filter that the kernel reports (net/sched/cls_api.c tcf_fill_node()). `other` names what
 * no document can say.
 */
export function observedFilter(header: Tcmsg, attrs: TcAttrs, nameOf: (ifindex: number) => string): Spec {
  const { options, kind: name = '' } = attrs;
  const kind = filterKind(name);
  const seen = (options instanceof Uint8Array ? {} : (options ?? {})) as unknown as Attributes;
  const wire = header.tcmInfo & 0xffff;
  const protocol = renderProtocol(((wire & 0xff) << 8) | (wire >> 8));
  const other = Object.keys(seen).filter(
    (key) => !['kind', 'classid', 'act'].includes(key) && kind?.reads.includes(key) !== true,
  );
  return filterSpec({
    dev: nameOf(header.tcmIfindex),
    parent: renderClassId(header.tcmParent),
    chain: attrs.chain,
    priority: header.tcmInfo >>> 16,
    protocol,
    kind: name,
    [name]: kind?.observed(seen, protocol, header.tcmHandle),
    classid: given(seen['classid'] as number | undefined, renderClassId),
    actions: (seen['act'] as readonly TcActAttrs[] | undefined)?.map((one) => observedAction(one, nameOf)),
    other: other.length === 0 ? undefined : other,
  });
}
