// SPDX-License-Identifier: Apache-2.0
// Shapes of tuning: profiles.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };

const ProfileSummary = {
  name: Type.String(),
  description: Type.String(),
  inherits: Type.Array(Type.String(), { description: 'Profiles that it starts from, the nearest first' }),
  builtIn: Type.Boolean({ description: 'It comes with Weir; others are Profile documents' }),
};

/** Answer of `GET /v1/tuning/profiles`. */
export const ProfileList = Type.Object(
  {
    items: Type.Array(Type.Object({ ...ProfileSummary, settings: Type.Integer({ minimum: 0 }) }, closed)),
  },
  closed,
);
export type ProfileList = Static<typeof ProfileList>;

const ProfileSetting = Type.Object(
  {
    name: Type.String({ description: 'Sysctl, or dotted name of a setting in `devices`' }),
    value: Type.Union([Type.Number(), Type.String(), Type.Boolean()], {
      description: 'On this node: some follow its memory',
    }),
    reason: Type.String(),
    source: Type.String(),
    profile: Type.String({ description: 'The profile that it is from' }),
    needs: Type.Optional(Type.String({ description: 'It is left out where the kernel has not got this' })),
  },
  closed,
);
export type ProfileSetting = Static<typeof ProfileSetting>;

/** Answer of `GET /v1/tuning/profiles/{name}`. */
export const ProfileReport = Type.Object(
  {
    ...ProfileSummary,
    sysctls: Type.Array(ProfileSetting),
    devices: Type.Array(ProfileSetting, { description: 'Of each device that the profile is for' }),
  },
  closed,
);
export type ProfileReport = Static<typeof ProfileReport>;

export const ProfileParams = Type.Object(
  { name: Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 63 }) },
  closed,
);
