// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { PlanReport } from '../../api/schemas/change.ts';
import type { ProfileList, ProfileReport, ProfileSetting } from '../../api/schemas/tuning.ts';
import { readDocuments } from '../change/files.ts';
import { type ChangeFlags, withChangeFlags } from '../change/options.ts';
import { hasErrors, withPeer } from '../change/plan.ts';
import { applyRequest } from '../commands/apply.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { EXIT, ExitWith } from '../exit.ts';
import { type Column, renderFields, renderTable } from '../output/table.ts';
import { planWithReasons } from './reasons.ts';

const PROFILE_COLUMNS: readonly Column<ProfileList['items'][number]>[] = [
  { title: 'PROFILE', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'FROM', value: ({ builtIn }) => (builtIn ? 'weir' : 'document') },
  { title: 'INHERITS', value: ({ inherits }) => inherits.join(', ') },
  { title: 'SETTINGS', value: ({ settings }) => settings, align: 'right' },
  { title: 'FOR', value: ({ description }) => description },
];

const SETTING_COLUMNS: readonly Column<ProfileSetting>[] = [
  { title: 'SETTING', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'VALUE', value: ({ value }) => String(value) },
  { title: 'FROM', value: ({ profile }) => profile },
  { title: 'NEEDS', value: ({ needs }) => needs },
  { title: 'REASON', value: ({ reason, source }) => `${reason} [${source}]` },
];

/** `weir tune list`. */
export function listCommand(deps: CliDeps): Command {
  const command = new Command('list').description('profiles: those of Weir and your own');
  return command.action(async () => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const list = await agent.get<ProfileList>('/v1/tuning/profiles');
      await context.document(list, () => renderTable(PROFILE_COLUMNS, list.items, context.paint));
    });
  });
}

/** `weir tune show PROFILE`. */
export function showCommand(deps: CliDeps): Command {
  const command = new Command('show').description('settings of a profile, each with its reason');
  return command.argument('<profile>', 'its name').action(async (name: string) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const profile = await agent.get<ProfileReport>(`/v1/tuning/profiles/${encodeURIComponent(name)}`);
      await context.document(profile, () => {
        const { description, inherits, sysctls, devices } = profile;
        const about = [
          ['profile', profile.name],
          ['for', description],
          ['inherits', inherits.join(', ') || '-'],
        ] as const;
        const table = renderTable(SETTING_COLUMNS, [...sysctls, ...devices], context.paint);
        return `${renderFields(about, context.paint)}\n${table}`;
      });
    });
  });
}

interface ProfileFlags extends ChangeFlags {
  readonly dryRun?: boolean;
  readonly device?: readonly string[];
  readonly override?: boolean;
  readonly netns?: string;
  readonly file?: readonly string[];
}

const append = (value: string, before: readonly string[] = []) => [...before, value];

/** `weir tune profile PROFILE`: apply it as a Tuning document. */
export function profileCommand(deps: CliDeps): Command {
  const command = new Command('profile').description('set what a profile says: a change like any other');
  command
    .argument('<profile>', 'its name')
    .option('--dry-run', 'show what it would change, and why, and change nothing')
    .option('--device <name>', 'devices that it is for, * for any text; may be repeated', append)
    .option('--override', 'also change what somebody else has set')
    .option('--netns <name>', 'network namespace')
    .option('-f, --file <file>', 'documents that go with it, such as own profiles', append);
  return withChangeFlags(command).action(async (name: string, flags: ProfileFlags) => {
    const context = contextOf(deps, command);
    const own = flags.file === undefined ? [] : await readDocuments(flags.file, deps.stdin);
    const request = withPeer(context, {
      documents: [profileDocument(name, flags)],
      ...(own.length > 0 && { files: own }),
    });
    await context.withAgent(async (agent) => {
      if (!flags.dryRun) return applyRequest(context, agent, request, { ...flags, file: [] });
      const plan = await agent.post<PlanReport>('/v1/plan', request);
      await context.document(plan, () => planWithReasons(plan, context.paint));
      if (hasErrors(plan)) throw new ExitWith(EXIT.error);
    });
  });
}

/** The Tuning document that chooses the profile; one for each namespace. */
function profileDocument(profile: string, { device, override, netns }: ProfileFlags): object {
  const wish = { name: profile, ...(device && { devices: device }), ...(override && { override }) };
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Tuning',
    metadata: { name: netns === undefined ? 'profile' : `profile-${documentName(netns)}` },
    spec: { ...(netns !== undefined && { netns }), profile: Object.keys(wish).length === 1 ? profile : wish },
  };
}

function documentName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/[^a-z0-9]+$/, '')
    .slice(0, 50);
}
