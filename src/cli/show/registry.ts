// SPDX-License-Identifier: Apache-2.0
import { ADDRESSES } from './addresses.ts';
import { LINKS } from './links.ts';
import { NAMESPACES } from './namespaces.ts';
import { NEIGHBOURS } from './neighbours.ts';
import { NEXTHOPS } from './nexthops.ts';
import type { ShowObject } from './object.ts';
import { QDISCS } from './qdiscs.ts';
import { ROUTES } from './routes.ts';
import { RULES } from './rules.ts';

/** Everything that `weir show` lists, in the order of its help. */
export const SHOW_OBJECTS: readonly ShowObject[] = [
  LINKS,
  ADDRESSES,
  ROUTES,
  RULES,
  NEIGHBOURS,
  NEXTHOPS,
  QDISCS,
  NAMESPACES,
];
