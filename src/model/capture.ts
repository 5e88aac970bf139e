// SPDX-License-Identifier: Apache-2.0
// Captures of packets: what can be asked for, and what is told of one.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const count = (description: string) => Type.Integer({ description, minimum: 0 });

/** How long a capture can wait or last: a week. */
const LONGEST_SECONDS = 604_800;
/** Bytes of a packet that the kernel hands out at most. */
export const LONGEST_SNAP = 262_144;

/** A device of a namespace. */
export const CapturePlace = Type.Object(
  {
    netns: Type.Optional(
      Type.String({
        maxLength: 255,
        description: "Namespace that the agent watches; absent for the agent's own",
      }),
    ),
    device: Type.String({ minLength: 1, maxLength: 15 }),
  },
  closed,
);
export type CapturePlace = Static<typeof CapturePlace>;

/** When a capture ends at the latest. */
export const CaptureLimits = Type.Object(
  {
    packets: Type.Optional(Type.Integer({ minimum: 1, maximum: 1e12, description: 'By default 1000000' })),
    bytes: Type.Optional(
      Type.Integer({
        minimum: 4096,
        maximum: 2 ** 48,
        description: 'Of the file or files; by default 104857600',
      }),
    ),
    seconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LONGEST_SECONDS, description: 'By default 600' }),
    ),
  },
  closed,
);
export type CaptureLimits = Static<typeof CaptureLimits>;

export const DEFAULT_LIMITS = { packets: 1_000_000, bytes: 104_857_600, seconds: 600 } as const;

/** Files that the agent writes. */
export const CaptureFile = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 4096,
      description: "Name of a new file in the agent's folder of captures, or its whole path",
    }),
    rotateBytes: Type.Optional(
      Type.Integer({ minimum: 1_048_576, maximum: 2 ** 48, description: 'Begin another file at this size' }),
    ),
    rotateSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LONGEST_SECONDS,
        description: 'Begin another file after this time',
      }),
    ),
    files: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'Files that are kept, the last ones; by default 10',
      }),
    ),
  },
  closed,
);
export type CaptureFile = Static<typeof CaptureFile>;

/** What makes a capture begin that is already listening. */
export const CaptureTrigger = Type.Object(
  {
    on: Type.Enum(['drops', 'carrier', 'retransmits'], {
      description: 'Packets that the kernel drops, changes of carrier, TCP segments that are sent again',
    }),
    perSecond: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1e9, description: 'More than so many a second; by default any' }),
    ),
    reason: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Of drops: only for this reason' }),
    ),
    device: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 15,
        description: 'Of drops and carrier: at this device; by default at those that are captured',
      }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 65_536,
        maximum: 268_435_456,
        description: 'Bytes of what came before that are kept in memory; by default 4194304',
      }),
    ),
    within: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LONGEST_SECONDS,
        description: 'Seconds that it is waited for; by default 86400',
      }),
    ),
  },
  closed,
);
export type CaptureTrigger = Static<typeof CaptureTrigger>;

/** A capture that is asked for. */
export const CaptureRequest = Type.Object(
  {
    devices: Type.Array(CapturePlace, { minItems: 1, maxItems: 64 }),
    filter: Type.Optional(
      Type.String({ maxLength: 3000, description: 'In the syntax of pcap-filter(7): tcp port 443' }),
    ),
    snapLength: Type.Optional(
      Type.Integer({
        minimum: 16,
        maximum: LONGEST_SNAP,
        description: `Bytes of each packet that are kept; by default ${LONGEST_SNAP}`,
      }),
    ),
    direction: Type.Optional(Type.Enum(['in', 'out', 'both'], { description: 'By default both' })),
    sampling: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1e6,
        description: 'One packet of so many, by chance; by default 1',
      }),
    ),
    promiscuous: Type.Optional(
      Type.Boolean({ description: 'Also frames that are for others; by default false' }),
    ),
    limits: Type.Optional(CaptureLimits),
    source: Type.Optional(
      Type.Enum(['auto', 'pcap', 'ring'], { description: 'Where packets come from; by default auto' }),
    ),
    drops: Type.Optional(
      Type.Boolean({
        description:
          'Also packets that the kernel drops there, on interfaces of their own, with the reason as comment',
      }),
    ),
    file: Type.Optional(CaptureFile),
    detach: Type.Optional(
      Type.Boolean({ description: 'Of one with files: go on when the client has gone; by default false' }),
    ),
    trigger: Type.Optional(CaptureTrigger),
  },
  closed,
);
export type CaptureRequest = Static<typeof CaptureRequest>;

/** Why a capture ended. */
export const CAPTURE_ENDS = [
  'packets',
  'bytes',
  'seconds',
  'stopped',
  'client',
  'device',
  'space',
  'trigger',
  'agent',
  'failed',
] as const;
export type CaptureEnd = (typeof CAPTURE_ENDS)[number];

const DeviceReport = Type.Object(
  {
    netns: Type.String(),
    device: Type.String(),
    source: Type.Enum(['pcap', 'ring']),
    packets: count('Packets that were taken'),
    accepted: count('Packets that passed the filter'),
    dropped: count('Packets that were lost since nobody fetched them in time'),
  },
  closed,
);

/** What is told of a capture. */
export const CaptureReport = Type.Object(
  {
    id: Type.String(),
    state: Type.Enum(['waiting', 'running', 'ended']),
    by: Type.String({ description: 'Who asked for it' }),
    started: Type.Integer({ description: 'Milliseconds since the epoch' }),
    triggered: Type.Optional(Type.String({ description: 'What the trigger saw' })),
    ended: Type.Optional(Type.Integer({ description: 'Milliseconds since the epoch' })),
    end: Type.Optional(
      Type.Object(
        { reason: Type.Enum([...CAPTURE_ENDS]), detail: Type.String({ description: 'In words' }) },
        closed,
      ),
    ),
    filter: Type.String(),
    limits: Type.Required(CaptureLimits),
    packets: count('Packets so far'),
    bytes: count('Bytes of the file or files so far'),
    dropped: count('Packets that were lost'),
    devices: Type.Array(DeviceReport),
    files: Type.Array(Type.String({ description: 'Whole path' })),
  },
  closed,
);
export type CaptureReport = Static<typeof CaptureReport>;

export const CaptureList = Type.Object(
  {
    items: Type.Array(CaptureReport, {
      description: 'Those that run, and the last that ended; oldest first',
    }),
  },
  closed,
);
export type CaptureList = Static<typeof CaptureList>;

export const CaptureParams = Type.Object(
  { id: Type.String({ pattern: '^[0-9a-f]{8}$', description: 'As `GET /v1/captures` shows it' }) },
  closed,
);

/** A packet in words. */
export const CapturedPacket = Type.Object(
  {
    time: Type.String({ description: 'RFC 3339 with nanoseconds' }),
    device: Type.String({ description: 'With its namespace: edge/eth0' }),
    direction: Type.Optional(Type.Enum(['in', 'out'])),
    length: count('Bytes that it had'),
    text: Type.String({ description: 'One line' }),
    comment: Type.Optional(Type.String()),
  },
  closed,
);
export type CapturedPacket = Static<typeof CapturedPacket>;
