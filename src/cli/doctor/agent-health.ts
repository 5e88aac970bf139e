// SPDX-License-Identifier: Apache-2.0
// What can be wrong with the agent, its changes, its programs, and the offloads of devices.
import type { AdviceReport } from '../../api/schemas/advice.ts';
import type { ChangeStatus, PlanReport } from '../../api/schemas/change.ts';
import type { NodeInfo } from '../../api/schemas/node.ts';
import type { ProgramList } from '../../api/schemas/programs.ts';
import type { Link } from '../../model/link.ts';
import { type Check, failure, ok, warning } from './check.ts';

/** Before this a clock has never been set: the first commit of Weir is later. */
const SET_SINCE = Date.UTC(2025, 0, 1);
const MOST_SKEW_MS = 2000;

/** The node's clock, as far as its answers tell. @param asked,answered Our own time before and after. */
export function clockCheck(
  { agent }: Pick<NodeInfo, 'agent'>,
  theirs: number,
  asked: number,
  answered: number,
): Check {
  const set = 'set it, and have systemd-timesyncd or chrony keep it';
  if (theirs < SET_SINCE) return failure('clock', `it says ${new Date(theirs).toISOString()}`, set);
  if (theirs < agent.started) return warning('clock', 'it was set back since the agent started', set);
  const skew = Math.max(asked - theirs, theirs - answered, 0);
  if (skew > MOST_SKEW_MS)
    return warning('clock', `it differs from the one here by ${Math.round(skew / 1000)} s`, set);
  return ok('clock', new Date(theirs).toISOString());
}

/** Changes: what was undone, what drifted, what waits. */
export function changeChecks({ state, drift, problem, deadline, revision }: ChangeStatus): readonly Check[] {
  const found: Check[] = [];
  if (problem !== undefined)
    found.push(failure('changes', problem, 'weir history shows what happened; weir rollback goes back'));
  if (state === 'unconfirmed')
    found.push(
      warning(
        'changes',
        `revision ${revision} is undone at ${deadline} unless it is confirmed`,
        'weir confirm, or weir rollback',
      ),
    );
  if (drift.length > 0)
    found.push(
      warning(
        'drift',
        `others changed ${drift.length} of what documents declare: ${drift
          .slice(0, 3)
          .map(({ id }) => id)
          .join(', ')}`,
        'weir diff shows how; weir apply brings it back; `drift: restore` does so by itself',
      ),
    );
  return found.length > 0
    ? found
    : [ok('changes', revision === 0 ? 'nothing was ever applied' : `revision ${revision} holds`)];
}

/** Programs that are pinned. */
export function programChecks({ items }: ProgramList): readonly Check[] {
  const broken = items.flatMap((program) => {
    const { name, state } = program as { name: string; state?: string };
    if (state === undefined || state === 'whole' || state === 'running') return [];
    return [
      (state === 'unknown' ? warning : failure)(
        'pins',
        `the program ${name} is ${state}`,
        'apply its document again: what is missing is made anew',
      ),
    ];
  });
  return broken.length > 0 ? broken : [ok('pins', `${items.length} programs`)];
}

/** Devices that may pass on what they receive: ports of bridges and bonds do, others where the node forwards. */
export function mayPassOn(links: readonly Link[]): readonly string[] {
  const own = links.filter(({ master, linkinfo }) => master !== undefined || linkinfo === undefined);
  return own.filter(({ ifname }) => ifname !== 'lo').map(({ ifname }) => ifname);
}

/** A Tuning document of which a plan says where LRO is on, and whether the node forwards. It is never applied. */
export function offloadDocument(devices: readonly string[]): object {
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Tuning',
    metadata: { name: 'doctor' },
    spec: {
      sysctls: { 'net.ipv4.ip_forward': 1 },
      devices: devices.map((dev) => ({ dev, features: { 'rx-lro': false } })),
    },
  };
}

/** What such a plan tells: each step of a device is one where LRO is on. */
export function offloadChecks(
  { actions }: Pick<PlanReport, 'actions'>,
  links: readonly Link[],
): readonly Check[] {
  const forwards = !actions.some(({ key }) => key === 'net.ipv4.ip_forward');
  const ports = new Set(links.filter(({ master }) => master !== undefined).map(({ ifname }) => ifname));
  const joining = actions.filter(({ class: kind, key }) => kind === 'device' && (forwards || ports.has(key)));
  const wrong = joining.map(({ key }) =>
    warning(
      'offloads',
      `${key} joins received packets (LRO), and passes them on: they are too large then, and get lost`,
      `ethtool -K ${key} lro off, or \`features: { rx-lro: false }\` in a Tuning document`,
    ),
  );
  return wrong.length > 0 ? wrong : [ok('offloads', 'nothing that disturbs forwarding')];
}

/** Advice about what is being lost right now. */
export function adviceChecks({ items }: AdviceReport): readonly Check[] {
  const lost = items.filter(({ weight }) => weight === 3);
  return lost.map(({ id, summary, manual }) =>
    warning(
      'losses',
      summary,
      manual ?? `weir tune advise shows more; weir tune try ${id} mends it with proof`,
    ),
  );
}
