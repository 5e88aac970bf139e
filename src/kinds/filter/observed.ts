// SPDX-License-Identifier: Apache-2.0
import type { TcActAttrs } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import { given } from '../fields.ts';
import type { TcMessage } from '../qdisc/observed.ts';
import { observedAction } from './action/actions.ts';
import type { Attributes } from './action/kind.ts';
import { renderClassId, renderParent } from './class-id.ts';
import { filter, filterSpec } from './filter.ts';
import { filterKind } from './kinds.ts';
import { renderProtocol } from './protocol.ts';

/** TCM_IFINDEX_MAGIC_BLOCK (include/uapi/linux/rtnetlink.h). */
const SHARED_BLOCK = 0xffff_ffff;

/**
 * The canonical settings of a filter that the kernel reports (net/sched/cls_api.c tcf_fill_node()). `other` names what
 * no document can say.
 * @param under Where its qdisc stands.
 */
export function observedFilter(
  { header, attrs }: TcMessage,
  under: unknown,
  nameOf: (ifindex: number) => string,
): Spec {
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
    parent: renderParent(header.tcmParent),
    under,
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

/** Filters of one parent by their keys; `other` names those of which there are several. */
export function observedFilters(
  messages: readonly TcMessage[],
  under: unknown,
  nameOf: (ifindex: number) => string,
): readonly Spec[] {
  const byKey = new Map<string, Spec>();
  for (const message of messages.filter(isFilter)) {
    const spec = observedFilter(message, under, nameOf);
    const key = filter.key(spec);
    byKey.set(key, byKey.has(key) ? { ...spec, other: ['handle'] } : spec);
  }
  return [...byKey.values()];
}

/** Filters of a block that devices share are nobody's; a dump also tells of priorities and of hash tables. */
function isFilter({ header, attrs: { kind, options } }: TcMessage): boolean {
  if (header.tcmHandle === 0 || header.tcmIfindex === SHARED_BLOCK) return false;
  return (
    kind !== 'u32' || (options instanceof Uint8Array ? false : options !== undefined && 'sel' in options)
  );
}
