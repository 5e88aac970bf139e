// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import { type DeclaredKind, DeviceName, fixed, shared } from './setting.ts';

/**
 * How a pair of veth devices is declared. The item with `peer` makes both ends; the other end needs no item. One that
 * gives it settings says `peer_of`, or `peer` like the first: of two items that name each other, the later name is the
 * end that comes with the other one. Observed ends have both names.
 *
 * With `peer_netns` the other end is made in another namespace, and its settings belong to a document of that one. The
 * kernel does not tell this namespace what it is called there, so `peer` and `peer_netns` are as documents declared them.
 */
export const declaredVeth: DeclaredKind = {
  kind: 'veth',
  config: 'CONFIG_VETH',
  settings: {
    peer: fixed(
      shared(DeviceName('The other end, made together with this one; its own item may say the same')),
    ),
    peer_of: fixed(shared(DeviceName('The end whose item has `peer` and makes this one'))),
    peer_netns: fixed(
      shared(Type.String({ description: 'Namespace of the other end', pattern: '^\\S{1,255}$' })),
    ),
  },
  check(spec) {
    if (spec['peer'] === undefined && spec['peer_of'] === undefined)
      return [['peer', 'is missing: name the other end, or in its item `peer_of` this one']];
    if (spec['peer'] !== undefined && spec['peer_of'] !== undefined)
      return [['peer_of', 'goes not with `peer`: only the item of the other end has it']];
    if (spec['peer_of'] !== undefined && spec['peer_netns'] !== undefined)
      return [['peer_netns', 'goes not with `peer_of`: it belongs to the item that makes both ends']];
    return [];
  },
  joined: (changed, all, _before, netns) => {
    if (changed['peer'] === undefined) return {};
    const elsewhere = all['peer_netns'] ? { netNsFd: netns(String(all['peer_netns'])) } : {};
    return { peer: { header: NO_HEADER, ifname: changed['peer'], ...elsewhere } };
  },
};

const NO_HEADER = { ifiFamily: 0, ifiType: 0, ifiIndex: 0, ifiFlags: 0, ifiChange: 0 };

/** The end that comes with the other one: nobody creates or removes it. Of two observed ends the later by name. */
export function isPeerEnd(name: string, veth: Spec | undefined): boolean {
  if (veth?.['peer_of'] === undefined) return false;
  return veth['peer'] === undefined || name > String(veth['peer_of']);
}

/** Of two ends that both say `peer`, the later by name comes with the other one. */
export function pairedVeth(spec: Spec, other: (name: string) => Spec | undefined): Spec {
  const { peer, peer_netns: elsewhere } = (spec['veth'] ?? {}) as Spec;
  if (peer === undefined || elsewhere !== undefined || String(spec['name']) < String(peer)) return spec;
  const theirs = other(String(peer))?.['veth'] as Spec | undefined;
  if (theirs?.['peer'] !== spec['name'] || theirs?.['peer_netns'] !== undefined) return spec;
  return { ...spec, veth: { peer_of: peer } };
}
