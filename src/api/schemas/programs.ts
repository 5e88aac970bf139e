// SPDX-License-Identifier: Apache-2.0
// Shapes of operators' eBPF programs: what is loaded, where it hangs, what it costs.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const count = (description: string) => Type.Number({ description, minimum: 0 });

/** A function of an object. */
const FunctionReport = Type.Object(
  {
    name: Type.String(),
    id: Type.Integer({ description: 'Id in the kernel, as bpftool shows it' }),
    tag: Type.String({ description: "Hash of its instructions: bpftool's tag" }),
    instructions: count('Instructions that the verifier looked at; 0 before Linux 5.16'),
    runs: count('Times that it ran while run time was measured'),
    nanoseconds: count('Time that these runs took'),
  },
  closed,
);

const MapReport = Type.Object(
  {
    name: Type.String(),
    id: Type.Integer(),
    max_entries: Type.Integer({ minimum: 0 }),
    bytes: count('Memory that it locks'),
  },
  closed,
);

const AttachmentReport = Type.Object(
  {
    program: Type.String({ description: 'Function' }),
    hook: Type.String(),
    target: Type.String({ description: 'Device, cgroup or tracepoint' }),
    attached: Type.Boolean({ description: 'False when its device is gone, or somebody detached it' }),
    link: Type.Integer({ description: 'Id of the link' }),
    mode: Type.Optional(Type.String({ description: 'Of xdp: native, generic or offload' })),
    fallback: Type.Optional(
      Type.Boolean({ description: 'The driver has no XDP: it runs in the stack, later and slower' }),
    ),
    position: Type.Optional(Type.Integer({ description: 'Place among the programs of the hook, from 1' })),
  },
  closed,
);

export const ProgramReport = Type.Object(
  {
    name: Type.String(),
    netns: Type.String({ description: "Empty: the agent's own" }),
    state: Type.Enum(['whole', 'incomplete', 'damaged', 'unknown'], {
      description: 'Whether all that was pinned is there',
    }),
    digest: Type.Optional(Type.String()),
    functions: Type.Array(FunctionReport),
    maps: Type.Array(MapReport),
    attachments: Type.Array(AttachmentReport),
    bytes: count('Memory that its programs and maps lock'),
    pins: Type.String({ description: 'Directory of its pins' }),
  },
  { ...closed, description: "An operator's program" },
);
export type ProgramReport = Static<typeof ProgramReport>;

/** A program of somebody else on a hook of a device. */
export const ForeignProgram = Type.Object(
  {
    netns: Type.String(),
    dev: Type.String(),
    hook: Type.String(),
    position: Type.Integer({ description: 'Place among the programs of the hook, from 1' }),
    id: Type.Integer(),
    name: Type.String(),
    runs: count('Times that it ran while run time was measured'),
    nanoseconds: count('Time that these runs took'),
  },
  closed,
);
export type ForeignProgram = Static<typeof ForeignProgram>;

export const ProgramList = Type.Object(
  {
    timestamp: Type.Number({ description: 'Milliseconds since the epoch' }),
    measuring: Type.Boolean({ description: 'Runs are counted and timed now' }),
    items: Type.Array(ProgramReport),
    foreign: Type.Array(ForeignProgram, {
      description: "Programs of others on tcx and XDP of the agent's namespace and those of the programs",
    }),
  },
  closed,
);
export type ProgramList = Static<typeof ProgramList>;

export const ProgramQuery = Type.Object(
  {
    measure: Type.Optional(
      Type.Boolean({
        description:
          'Have the kernel count and time runs for the next 10 s, which costs each run 20 to 30 ns',
        default: false,
      }),
    ),
  },
  closed,
);

export const ProgramParams = Type.Object(
  { name: Type.String({ description: 'Name of a Program document' }) },
  closed,
);

export const ObjectParams = Type.Object(
  { digest: Type.String({ description: 'sha256: and 64 hex digits', pattern: '^sha256:[0-9a-f]{64}$' }) },
  closed,
);

export const StoredObject = Type.Object({ digest: Type.String(), bytes: count('Size') }, closed);
export type StoredObject = Static<typeof StoredObject>;
