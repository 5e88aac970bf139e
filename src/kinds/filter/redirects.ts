// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { HOOKS } from './class-id.ts';

/** Packets that a filter takes from one device to another of the same namespace. */
export interface Redirect {
  /** The device that the filter looks at, and on which side of it. */
  readonly from: string;
  readonly hook: 'ingress' | 'egress';
  /** The device that they are given to: to send (egress), or as if they came in (ingress). */
  readonly to: string;
  readonly side: 'ingress' | 'egress';
}

/** Where the actions of a filter send packets; copies go on as packets do. */
export function redirects(spec: Spec): readonly Redirect[] {
  const parent = String(spec['parent']);
  const hook = HOOKS[parent] !== undefined ? (parent as Redirect['hook']) : 'egress';
  return ((spec['actions'] ?? []) as readonly Spec[]).flatMap(({ mirred }) => {
    if (mirred === undefined) return [];
    const { redirect, mirror, dev } = mirred as Readonly<Record<string, string>>;
    const side = (redirect ?? mirror) as Redirect['side'];
    return dev === undefined ? [] : [{ from: String(spec['dev']), hook, to: dev, side }];
  });
}
