// SPDX-License-Identifier: Apache-2.0
import { complaints } from '../../base/validate.ts';
import { DeviceItem } from '../../kinds/device/device.ts';
import { sysctl } from '../../kinds/sysctl/sysctl.ts';
import type { Spec } from '../../model/object.ts';
import { boundsProblem } from '../knobs.ts';
import type { ProfileSetting } from './profile.ts';

/** What is wrong with the value of a sysctl in a profile; undefined when nothing is. */
export function sysctlProblem(name: string, { value }: ProfileSetting): string | undefined {
  if (typeof value === 'object') return undefined;
  if (typeof value === 'boolean') return 'must be a number or text';
  const problems: string[] = [];
  sysctl.declare?.({ name, value }, (_path, problem) => problems.push(problem));
  return problems[0] ?? boundsProblem(name, value);
}

/** The same of a setting of devices. */
export function deviceProblem(setting: string, { value }: ProfileSetting): string | undefined {
  const [complaint] = complaints(DeviceItem, { dev: 'any', ...nested(setting, value) });
  if (complaint !== undefined) return complaint.problem;
  return ['mtu', 'tx_queue_len', 'txqlen', 'dev', 'adopt'].includes(setting)
    ? 'is no setting of `devices`'
    : undefined;
}

/** `coalesce.rx_usecs` and 4 as `{ coalesce: { rx_usecs: 4 } }`: the last part is the setting, and has no dot. */
export function nested(setting: string, value: unknown): Spec {
  const dot = setting.indexOf('.');
  return dot < 0 ? { [setting]: value } : { [setting.slice(0, dot)]: { [setting.slice(dot + 1)]: value } };
}

/** The value of a dotted setting. */
export function settingIn(spec: Spec, setting: string): unknown {
  const dot = setting.indexOf('.');
  if (dot < 0) return spec[setting];
  const group = spec[setting.slice(0, dot)];
  return typeof group === 'object' && group !== null ? (group as Spec)[setting.slice(dot + 1)] : undefined;
}
