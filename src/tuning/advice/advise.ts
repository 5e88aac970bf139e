// SPDX-License-Identifier: Apache-2.0
import { deviceHandSet, type HandSet, isOfNode, sysctlHandSet } from '../knobs.ts';
import { settingIn } from '../profiles/check.ts';
import { RULES } from './registry.ts';
import type { Evidence, Finding, Proposal, Rule } from './rule.ts';
import type { Sample } from './sample.ts';
import type { Window } from './window.ts';

/** A setting that advice would change. */
export interface AdvisedSetting {
  readonly proposal: Proposal;
  /** `sysctl net.core.somaxconn`, `eth0 rings.rx`. */
  readonly name: string;
  readonly current: unknown;
  /** Somebody set it: it is not changed unless that is asked for. Never of what Weir's documents declare. */
  readonly handSet: HandSet;
  /** It can be written in this namespace. */
  readonly writable: boolean;
}

/** What would make a namespace better. */
export interface Advice extends Omit<Finding, 'proposals'> {
  /** `rule`, `rule.eth0`, `rule.eth0@blue`: the same as long as the same is wrong. */
  readonly id: string;
  readonly rule: string;
  readonly netns: string;
  readonly evidence: readonly Evidence[];
  readonly settings: readonly AdvisedSetting[];
}

/** True for a setting that Weir's documents declare, by its name in {@link AdvisedSetting}. */
export type IsDeclared = (name: string) => boolean;

/** Advice of all rules, what weighs most first. */
export function advise(window: Window, isDeclared: IsDeclared, rules = RULES): readonly Advice[] {
  const { netns } = window.after;
  const speaking = rules.filter(({ node }) => node === undefined || netns === '');
  return speaking
    .flatMap((rule) => rule.judge(window).flatMap((found) => adviceOf(rule, found, window.after, isDeclared)))
    .sort((a, b) => b.weight - a.weight);
}

/** Nothing where nothing would change and nobody has to do anything. */
function adviceOf(rule: Rule, found: Finding, sample: Sample, isDeclared: IsDeclared): readonly Advice[] {
  const { proposals, ...rest } = found;
  const settings = proposals
    .map((proposal) => settingOf(proposal, sample, isDeclared))
    .filter(({ proposal, current }) => !isSame(current, proposal.value));
  if (settings.length === 0 && rest.manual === undefined) return [];
  const subject = found.dev === undefined ? '' : `.${found.dev}`;
  const place = sample.netns === '' ? '' : `@${sample.netns}`;
  return [{ ...rest, id: `${rule.name}${subject}${place}`, rule: rule.name, netns: sample.netns, settings }];
}

function settingOf(proposal: Proposal, sample: Sample, isDeclared: IsDeclared): AdvisedSetting {
  const name = nameOf(proposal);
  const current = currentOf(proposal, sample);
  const handSet =
    'sysctl' in proposal
      ? sysctlHandSet(proposal.sysctl, current as number | string)
      : deviceHandSet(proposal.setting, current);
  const writable =
    current !== undefined && (!('sysctl' in proposal) || sample.initial || !isOfNode(proposal.sysctl));
  return { proposal, name, current, handSet: isDeclared(name) ? false : handSet, writable };
}

/** Name of the setting that a proposal is about. */
export function nameOf(proposal: Proposal): string {
  return 'sysctl' in proposal ? `sysctl ${proposal.sysctl}` : `${proposal.dev} ${proposal.setting}`;
}

function currentOf(proposal: Proposal, sample: Sample): unknown {
  if ('sysctl' in proposal) return sample.sysctls.get(proposal.sysctl);
  const link = sample.links.find(({ dev }) => dev === proposal.dev);
  return proposal.setting === 'txqlen' ? link?.txqlen : link && settingIn(link.settings, proposal.setting);
}

function isSame(current: unknown, value: unknown): boolean {
  return JSON.stringify(current) === JSON.stringify(value);
}
