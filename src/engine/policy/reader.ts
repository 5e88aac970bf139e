// SPDX-License-Identifier: Apache-2.0
import {
  type ClassName,
  type NetObject,
  type ObjectId,
  objectId,
  type ReadRequest,
  type Spec,
  type StateReader,
} from '../../model/object.ts';
import type { PolicyClassName } from '../../model/policy.ts';
import { isPolicyClass, POLICY_CLASSES } from './objects.ts';

/** Tells what policy is in force. */
export interface PolicyView {
  /** Settings of an object that is in force; undefined for one that is not. */
  inForce(name: PolicyClassName, key: string): Spec | undefined;
  keys(name: PolicyClassName): Iterable<string>;
}

/** A reader that also gives the objects of network policy, which are in no namespace: the host knows them. */
export function withPolicies(reader: StateReader, view: PolicyView): StateReader {
  return {
    async read(request) {
      if (request.netns !== '') return reader.read(request);
      const found = new Map<ObjectId, NetObject>();
      for (const [name, key] of wantedOf(request, view)) {
        const spec = view.inForce(name, key);
        const id = objectId('', name, key);
        if (spec !== undefined) found.set(id, { id, netns: '', class: name, key, spec });
      }
      const rest = restOf(request);
      if (rest === undefined) return found;
      const observed = await reader.read(rest);
      return found.size === 0 ? observed : new Map([...observed, ...found]);
    },
  };
}

function* wantedOf(
  { keys, all }: ReadRequest,
  view: PolicyView,
): Generator<readonly [PolicyClassName, string]> {
  for (const name of POLICY_CLASSES)
    for (const key of all === true ? view.keys(name) : (keys.get(name) ?? [])) yield [name, key];
}

/** What is asked of the kernel; undefined for nothing. */
function restOf(request: ReadRequest): ReadRequest | undefined {
  const names = [...request.keys.keys()];
  if (!names.some(isPolicyClass)) return request;
  const keys = new Map<ClassName, ReadonlySet<string>>();
  for (const [name, of] of request.keys) if (!isPolicyClass(name)) keys.set(name, of);
  const asksMore = [request.onLinks, request.fromLinks, request.byNexthops].some((set) => set !== undefined);
  return keys.size === 0 && !asksMore && request.all !== true ? undefined : { ...request, keys };
}
