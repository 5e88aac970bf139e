// SPDX-License-Identifier: Apache-2.0
// Objects of the kernel as `ip -json -details` and `tc -json -statistics` write them. The schemas name what is always
// there; what depends on the kind of object is left open.
import { Type } from 'typebox';
import type { Address } from '../../model/address.ts';
import type { Link } from '../../model/link.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import type { Nexthop } from '../../model/nexthop.ts';
import type { Qdisc } from '../../model/qdisc.ts';
import type { Route } from '../../model/route.ts';
import type { Rule } from '../../model/rule.ts';

/** What `/v1/state/{kind}` can list, each with the type of its items. */
export interface StateObjects {
  readonly links: Omit<Link, 'raw'>;
  readonly addresses: Address;
  readonly routes: Route;
  readonly rules: Rule;
  readonly neighbours: Neighbour;
  readonly nexthops: Nexthop;
  readonly qdiscs: Qdisc;
}

export type StateKind = keyof StateObjects;

/** Every kind, in the order in which objects depend on each other. */
export const STATE_KINDS = [
  'links',
  'addresses',
  'nexthops',
  'routes',
  'rules',
  'neighbours',
  'qdiscs',
] as const satisfies readonly StateKind[];

const open = { additionalProperties: true };
const text = Type.String();
const texts = Type.Array(text);
const ifindex = Type.Integer({ minimum: 1 });

/** Schemas of the items, by kind. */
export const STATE_ITEMS = {
  links: Type.Object(
    {
      ifindex,
      ifname: text,
      flags: texts,
      mtu: Type.Integer(),
      qdisc: text,
      operstate: text,
      linkmode: text,
      group: text,
      link_type: text,
    },
    { ...open, description: 'A device as `ip -json -details link` writes it' },
  ),
  addresses: Type.Object(
    { ifindex, ifname: text, family: text, local: text, prefixlen: Type.Integer(), scope: text },
    { ...open, description: 'An entry of `addr_info` in `ip -json -details address`, with its device' },
  ),
  nexthops: Type.Object(
    { id: Type.Integer(), scope: text, protocol: text, flags: texts },
    { ...open, description: 'A nexthop object as `ip -json -details nexthop` writes it' },
  ),
  routes: Type.Object(
    { type: text, dst: text, table: text, protocol: text, scope: text, flags: texts },
    { ...open, description: 'A route as `ip -json -details route` writes it' },
  ),
  rules: Type.Object(
    { family: text, priority: Type.Integer(), src: text, protocol: text },
    { ...open, description: 'A rule as `ip -json -details rule` writes it' },
  ),
  neighbours: Type.Object(
    { dst: text, dev: text, ifindex },
    { ...open, description: 'A neighbour as `ip -json -details neighbour` writes it' },
  ),
  qdiscs: Type.Object(
    { kind: text, handle: text, dev: text, ifindex, options: Type.Object({}, open) },
    { ...open, description: 'A queueing discipline as `tc -json -statistics qdisc` writes it' },
  ),
} as const satisfies Record<StateKind, unknown>;

const netns = Type.Optional(
  Type.String({
    maxLength: 255,
    description: "Network namespace: a name of /v1/namespaces; absent or empty for the agent's own",
  }),
);
const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 10_000, description: 'Most items to return (default 1000)' }),
);
const cursor = Type.Optional(
  Type.String({ pattern: '^[0-9]{1,12}$', description: '`next` of the page before' }),
);
const device = Type.Optional(
  Type.String({ minLength: 1, maxLength: 15, description: 'Only what belongs to this device' }),
);
const family = Type.Optional(Type.Enum(['inet', 'inet6'], { description: 'Only this address family' }));
const table = Type.Optional(
  Type.String({ minLength: 1, maxLength: 32, description: 'Only this routing table: a name or a number' }),
);

const closed = { additionalProperties: false };

/** Schemas of the queries, by kind: which filters make sense for it. */
export const STATE_QUERIES = {
  links: Type.Object({ netns, device, limit, cursor }, closed),
  addresses: Type.Object({ netns, device, family, limit, cursor }, closed),
  nexthops: Type.Object({ netns, device, limit, cursor }, closed),
  routes: Type.Object({ netns, device, family, table, limit, cursor }, closed),
  rules: Type.Object({ netns, family, limit, cursor }, closed),
  neighbours: Type.Object({ netns, device, family, limit, cursor }, closed),
  qdiscs: Type.Object({ netns, device, limit, cursor }, closed),
} as const satisfies Record<StateKind, unknown>;

/** Query of the document of all kinds. */
export const StateDocumentQuery = Type.Object({ netns, limit }, closed);

/** The filters of every kind together. */
export interface StateFilter {
  readonly netns?: string;
  readonly device?: string;
  readonly family?: 'inet' | 'inet6';
  readonly table?: string;
}

/** The filters, and which page. */
export interface StateQuery extends StateFilter {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Part of a list. `next` is the cursor of the rest, absent on the last page. */
export interface Page<T> {
  readonly netns: string;
  readonly items: readonly T[];
  readonly next?: string;
}

/** The first page of every list, of one namespace. */
export type StateDocument = { readonly [K in StateKind]: Page<StateObjects[K]> };

/** Schema of a page of `kind`. */
export function pageSchema(kind: StateKind) {
  return Type.Object(
    { netns: text, items: Type.Array(STATE_ITEMS[kind]), next: Type.Optional(text) },
    { ...closed, description: 'One page; `next` is the cursor of the rest' },
  );
}

/** What the list of `kind` looks like as lines, of which OpenAPI 3.1 can only speak in words. */
export function linesDescription(kind: StateKind): string {
  return (
    `All ${kind} (the query takes no \`limit\` and no \`cursor\`): one JSON object on each line, as in \`items\`. ` +
    'They are read from the kernel as fast as the client reads. Where that fails after the answer has begun (also ' +
    'when the kernel changes meanwhile, code `DUMP_INTERRUPTED`), the last line is `{"error": ...}` with a problem ' +
    'document, and the lines before are not the whole list'
  );
}

/** Schema of {@link StateDocument}. */
export const StateDocumentSchema = Type.Object(
  Object.fromEntries(STATE_KINDS.map((kind) => [kind, pageSchema(kind)])),
  { ...closed, description: 'The first page of every list' },
);
