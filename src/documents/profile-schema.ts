// SPDX-License-Identifier: Apache-2.0
// What documents say of profiles: a Tuning document which one it wants, a Profile document what is in one.
import { type TSchema, Type } from 'typebox';

const closed = { additionalProperties: false };
const nullable = (schemas: TSchema[], description: string) =>
  Type.Union([...schemas, Type.Null()], { description });

const ProfileName = Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 63 });

/** `profile` of a Tuning document. */
export const ProfileField = Type.Union(
  [
    ProfileName,
    Type.Object(
      {
        name: ProfileName,
        devices: Type.Optional(
          Type.Array(Type.String({ minLength: 1, maxLength: 15 }), {
            description:
              'Devices that its settings of devices are for, `*` for any text; all hardware when absent',
            maxItems: 256,
          }),
        ),
        override: Type.Optional(
          Type.Boolean({
            description: 'Also change what somebody else set to another value than the kernel starts with',
            default: false,
          }),
        ),
      },
      closed,
    ),
  ],
  {
    description:
      'Also declare the settings of this profile: its name, or `name`, `devices` and `override`. What documents declare themselves wins',
  },
);

const Why = {
  reason: Type.Optional(Type.String({ description: 'Why', minLength: 1, maxLength: 500 })),
  source: Type.Optional(Type.String({ description: 'Where that is from', minLength: 1, maxLength: 500 })),
};

const ByMemory = Type.Object(
  {
    perMiB: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
    least: Type.Integer({ minimum: 0 }),
    most: Type.Integer({ minimum: 0 }),
  },
  { ...closed, description: 'So many for each MiB of memory, within bounds' },
);

const Whole = Type.Integer();
const Text = Type.String({ maxLength: 4000 });

/** `spec` of a Profile document. */
export const ProfileSpec = Type.Object(
  {
    inherits: Type.Optional(
      Type.String({ ...ProfileName, description: 'Start from the settings of this profile' }),
    ),
    sysctls: Type.Optional(
      Type.Record(
        Type.String(),
        nullable(
          [Whole, Text, Type.Object({ value: Type.Union([Whole, Text, ByMemory]), ...Why }, closed)],
          'The value, or `value` with `reason` and `source`; null takes out what is inherited',
        ),
        { description: 'Sysctls by name' },
      ),
    ),
    devices: Type.Optional(
      Type.Record(
        Type.String(),
        nullable(
          [
            Whole,
            Text,
            Type.Boolean(),
            Type.Object({ value: Type.Union([Whole, Text, Type.Boolean()]), ...Why }, closed),
          ],
          'As of `sysctls`',
        ),
        {
          description:
            'Settings of each device by dotted name, as in `devices` of a Tuning document: `coalesce.rx_usecs`',
        },
      ),
    ),
  },
  closed,
);
