// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { type DeclaredKind, DeviceName, fixed, shared } from './setting.ts';

/**
 * How a pair of veth devices is declared. One item has `peer` and makes both ends. The other end needs no item; one
 * that gives it settings has `peer_of`, and is there as soon as the first one is. Observed ends have both names.
 */
export const declaredVeth: DeclaredKind = {
  kind: 'veth',
  config: 'CONFIG_VETH',
  settings: {
    peer: fixed(shared(DeviceName('The other end, made together with this one'))),
    peer_of: fixed(shared(DeviceName('The end whose item has `peer` and makes this one'))),
  },
  check(spec) {
    if (spec['peer'] === undefined && spec['peer_of'] === undefined)
      return [['peer', 'is missing: name the other end, or in its item `peer_of` this one']];
    if (spec['peer'] !== undefined && spec['peer_of'] !== undefined)
      return [['peer_of', 'goes not with `peer`: only the item of the other end has it']];
    return [];
  },
  joined: (changed) =>
    changed['peer'] === undefined ? {} : { peer: { header: NO_HEADER, ifname: changed['peer'] } },
};

const NO_HEADER = { ifiFamily: 0, ifiType: 0, ifiIndex: 0, ifiFlags: 0, ifiChange: 0 };

/** The end that comes with the other one: nobody creates or removes it. Of two observed ends the later by name. */
export function isPeerEnd(name: string, veth: Spec | undefined): boolean {
  if (veth?.['peer_of'] === undefined) return false;
  return veth['peer'] === undefined || name > String(veth['peer_of']);
}
