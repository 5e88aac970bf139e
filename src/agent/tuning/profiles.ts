// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import type { ChangeService } from '../../api/change-service.ts';
import type { ProfileReport, ProfileSetting } from '../../api/schemas/tuning.ts';
import type { TuningService } from '../../api/tuning-service.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import {
  type FromProfile,
  profilesOf,
  type WholeProfile,
  wholeProfile,
} from '../../tuning/profiles/chain.ts';
import { valueOn } from '../../tuning/profiles/profile.ts';
import { PROFILES } from '../../tuning/profiles/registry.ts';
import { requireThisNode } from '../service/service.ts';
import { currentDocuments } from './current-documents.ts';

const MIB = 1 << 20;

/** The use cases of profiles, of the node that the agent runs on. */
export function createProfileService(
  change: Pick<ChangeService, 'changeStatus' | 'revision'>,
): Pick<TuningService, 'profiles' | 'profile'> {
  return {
    async profiles(target) {
      requireThisNode(target);
      const known = profilesOf(await currentDocuments(change));
      const whole = [...known.keys()].flatMap((name) => wholeProfile(known, name) ?? []);
      return {
        items: whole.map((one) => ({ ...summaryOf(one), settings: one.sysctls.size + one.devices.size })),
      };
    },
    async profile(target, name) {
      requireThisNode(target);
      const known = profilesOf(await currentDocuments(change));
      const whole = wholeProfile(known, name);
      if (whole === undefined)
        throw new WeirError('NOT_FOUND', { what: 'profile', name, hint: didYouMean(name, known.keys()) });
      return { ...summaryOf(whole), sysctls: settingsOf(whole.sysctls), devices: settingsOf(whole.devices) };
    },
  };
}

function summaryOf({
  name,
  description,
  inherits,
}: WholeProfile): Omit<ProfileReport, 'sysctls' | 'devices'> {
  const builtIn = PROFILES.some((profile) => profile.name === name);
  return { name, description, inherits: [...inherits], builtIn };
}

function settingsOf(settings: ReadonlyMap<string, FromProfile>): ProfileSetting[] {
  const memoryMiB = Math.floor(os.totalmem() / MIB);
  return [...settings].map(([name, setting]) => {
    const { reason, source, profile, needs } = setting;
    return {
      name,
      value: valueOn(setting, memoryMiB),
      reason,
      source,
      profile,
      ...(needs !== undefined && { needs: needText(needs) }),
    };
  });
}

function needText(needs: NonNullable<FromProfile['needs']>): string {
  return 'feature' in needs ? needs.feature : `congestion control ${needs.congestionControl}`;
}
