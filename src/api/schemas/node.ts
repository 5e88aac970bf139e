// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const text = Type.String();

/** A namespace that the agent watches. */
export const NamespaceInfo = Type.Object(
  {
    name: Type.String({ description: "'' for the agent's own namespace" }),
    inode: Type.Integer({ description: 'Inode of the namespace in nsfs' }),
    links: Type.Integer({ description: 'Devices in it' }),
    synchronised: Type.Boolean({ description: 'False while the first dump or a resynchronisation runs' }),
    resynchronisations: Type.Integer({
      description: 'Times that events were lost and everything was read anew',
    }),
  },
  closed,
);
export type NamespaceInfo = Static<typeof NamespaceInfo>;

/** The namespaces that the agent watches. */
export const NamespaceList = Type.Object({ items: Type.Array(NamespaceInfo) }, closed);
export type NamespaceList = Static<typeof NamespaceList>;

/** A kernel feature that Weir can use. */
export const FeatureInfo = Type.Object(
  {
    name: text,
    supported: Type.Boolean(),
    reason: Type.Optional(
      Type.String({ description: 'What is missing, and the option or version that brings it' }),
    ),
  },
  closed,
);
export type FeatureInfo = Static<typeof FeatureInfo>;

/** What the agent is, what it runs on, and what it cannot do there. */
export const NodeInfo = Type.Object(
  {
    node: Type.String({ description: 'Host name' }),
    agent: Type.Object(
      {
        version: text,
        pid: Type.Integer(),
        started: Type.Integer({ description: 'Milliseconds since the epoch' }),
        mode: Type.Enum(['observe', 'change'], {
          description: 'observe: has changed nothing; change: the engine runs',
        }),
      },
      closed,
    ),
    kernel: Type.Object({ release: text, version: text, machine: text }, closed),
    listeners: Type.Array(
      Type.Object({ address: text, access: Type.String({ description: 'Who may do what there' }) }, closed),
    ),
    rights: Type.Object(
      { uid: Type.Integer(), capabilities: Type.Array(text), missing: Type.Array(text) },
      { ...closed, description: 'Effective capabilities, and those that Weir would use but does not have' },
    ),
    features: Type.Array(FeatureInfo),
    degraded: Type.Array(Type.String({ description: 'One sentence on what does not work, and why' })),
    namespaces: Type.Array(NamespaceInfo),
  },
  closed,
);
export type NodeInfo = Static<typeof NodeInfo>;

/** Whether the agent serves. */
export const Health = Type.Object({ status: Type.Enum(['ok']) }, closed);
export type Health = Static<typeof Health>;

/** Whether every namespace is synchronised, so that lists and metrics are whole. */
export const Readiness = Type.Object(
  { ready: Type.Boolean(), waiting: Type.Array(text, { description: 'What it waits for' }) },
  closed,
);
export type Readiness = Static<typeof Readiness>;
