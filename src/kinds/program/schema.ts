// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { HOOK_NAMES } from '../../codec/bpf/hooks.ts';

const closed = { additionalProperties: false };

const Name = (description: string) =>
  Type.String({ description, pattern: '^[A-Za-z_][A-Za-z0-9_]*$', maxLength: 128 });
const Hex = (description: string) => Type.String({ description, pattern: '^([0-9a-fA-F]{2})+$' });
const DocumentName = (description: string) =>
  Type.String({ description, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 63 });
const DeviceName = Type.String({ minLength: 1, maxLength: 15 });

const Source = Type.Object(
  {
    digest: Type.String({
      description: 'SHA-256 of the object file, which names it: sha256:0123...',
      pattern: '^sha256:[0-9a-f]{64}$',
    }),
    path: Type.Optional(
      Type.String({
        description:
          'File on the node to read it from; an object that was uploaded or applied before needs none',
        pattern: '^/',
        maxLength: 4095,
      }),
    ),
  },
  { ...closed, description: 'The compiled object, with BTF: `clang -target bpf -g -O2 -c`' },
);

const Signature = Type.Object(
  {
    key: Type.Optional(
      Type.String({
        description: "File with an Ed25519 public key, PEM; one of the agent's `programs.keys` when absent",
        pattern: '^/',
        maxLength: 4095,
      }),
    ),
    value: Type.String({
      description: 'Signature over the bytes of the object, base64',
      pattern: '^[A-Za-z0-9+/]{86}==$',
    }),
  },
  { ...closed, description: 'Refuse an object that the owner of the key has not signed' },
);

const Selector = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'Name, with * for any text: veth*', minLength: 1 })),
    kind: Type.Optional(Type.String({ description: 'Kind as `ip -d` names it: veth', minLength: 1 })),
  },
  {
    ...closed,
    minProperties: 1,
    description: 'Every device that fits; with `drift: restore` also those that appear later',
  },
);

const Order = Type.Union(
  [
    Type.Enum(['first', 'last']),
    Type.Object({ before: DocumentName('Program document') }, closed),
    Type.Object({ after: DocumentName('Program document') }, closed),
  ],
  {
    description:
      'Place among the programs of a tcx hook: `first`, `last`, or beside another Program document',
  },
);

const Attachment = Type.Object(
  {
    program: Name('Function of the object'),
    hook: Type.Enum([...HOOK_NAMES], { description: 'What runs it' }),
    devices: Type.Optional(
      Type.Array(DeviceName, { description: 'Devices, of hooks of devices', maxItems: 4096 }),
    ),
    select: Type.Optional(Selector),
    mode: Type.Optional(
      Type.Enum(['native', 'generic', 'auto'], {
        description: 'Of xdp: in the driver, in the stack, or in the driver where it can',
        default: 'auto',
      }),
    ),
    order: Type.Optional(Order),
    priority: Type.Optional(
      Type.Integer({
        description: 'Of clsact: place among the filters of the hook, which no other filter has',
        minimum: 1,
        maximum: 0xffff,
        default: 100,
      }),
    ),
    tracepoint: Type.Optional(
      Type.String({ description: 'Tracepoint, of raw-tracepoint: kfree_skb', pattern: '^[a-z0-9_]+$' }),
    ),
    function: Type.Optional(
      Type.String({
        description: 'Function of the kernel, of fentry and fexit: tcp_connect',
        pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        maxLength: 128,
      }),
    ),
    cgroup: Type.Optional(
      Type.String({
        description: 'Directory of a cgroup (version 2), of its hooks',
        pattern: '^/',
        maxLength: 4095,
      }),
    ),
  },
  { ...closed, description: 'A function of the object on a hook' },
);

const MapItem = Type.Object(
  {
    max_entries: Type.Optional(Type.Integer({ description: 'Size', minimum: 1, maximum: 0xffff_ffff })),
    entries: Type.Optional(
      Type.Array(
        Type.Object(
          { key: Hex('Key as it stands in memory, hex'), value: Hex('Value as it stands in memory, hex') },
          closed,
        ),
        { description: 'Written before the program runs; of a kept map too', maxItems: 1_000_000 },
      ),
    ),
    keep: Type.Optional(
      Type.Boolean({
        description: 'Keep the map with its content when the object is replaced',
        default: true,
      }),
    ),
  },
  closed,
);

const Limits = Type.Object(
  {
    memory: Type.Optional(
      Type.String({
        description:
          'Most memory that programs and maps may lock: 64MiB; maps may take 1GiB where it is absent',
        pattern: '^[0-9]+(B|KiB|MiB|GiB)?$',
      }),
    ),
    instructions: Type.Optional(
      Type.Integer({ description: 'Most instructions that the verifier may have to look at', minimum: 1 }),
    ),
  },
  { ...closed, description: 'What exceeds these is not attached' },
);

/** What a Program document declares. */
export const ProgramItem = Type.Object(
  {
    object: Source,
    signature: Type.Optional(Signature),
    attach: Type.Array(Attachment, { description: 'Where it runs', maxItems: 256 }),
    variables: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([
          Type.Integer(),
          Type.Boolean(),
          Type.String({ description: 'A large integer as text', pattern: '^-?[0-9]{1,20}$' }),
        ]),
        { description: 'Values of `const volatile` variables by name' },
      ),
    ),
    maps: Type.Optional(Type.Record(Type.String(), MapItem, { description: 'Maps by name' })),
    limits: Type.Optional(Limits),
  },
  { ...closed, description: 'A compiled eBPF object and where it runs' },
);

export type ProgramItemValue = Static<typeof ProgramItem> & { readonly name: string };
export type AttachmentItem = Static<typeof Attachment>;
