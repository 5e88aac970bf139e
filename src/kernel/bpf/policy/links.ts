// SPDX-License-Identifier: Apache-2.0
// Where the programs hang: links of tcx and XDP, pinned by namespace, device and hook.
import { closeSync, rmSync } from 'node:fs';
import { ERRNO } from '../../../base/errno.gen.ts';
import { KernelError } from '../../../base/kernel-error.ts';
import type { PolicyAttachment, PolicyPlace } from '../../ports.ts';
import { ATTACH, attachTcx, attachXdp, detachLink, linkInfo, queryHook, replaceProgram } from '../links.ts';
import { programInfo } from '../programs.ts';
import { listed, openPin, putPin, type Shelf, withPin } from './shelf.ts';
import type { PolicyFunction } from './tables.ts';

export type PolicyHook = PolicyAttachment['hook'];

/** A pinned link by what its name says. */
export interface LinkName {
  readonly space: number;
  readonly ifindex: number;
  readonly hook: PolicyHook;
  /** The function that it runs. */
  readonly name: PolicyFunction;
}

/** What hangs where: what enters the device of a workload leaves the endpoint. */
export function linksOf({ io, ifindex, side, early }: PolicyPlace): readonly LinkName[] {
  const at = { space: io.netns.inode, ifindex };
  const [enters, leaves] =
    side === 'host'
      ? (['policy_ingress', 'policy_egress'] as const)
      : (['policy_egress', 'policy_ingress'] as const);
  return [
    { ...at, hook: 'ingress', name: enters },
    { ...at, hook: 'egress', name: leaves },
    ...(early === true && side === 'host' ? [{ ...at, hook: 'xdp', name: 'policy_early' } as const] : []),
  ];
}

const SHORT: Readonly<Record<PolicyFunction, string>> = {
  policy_ingress: 'i',
  policy_egress: 'e',
  policy_early: 'x',
};

function pinName({ space, ifindex, hook, name }: LinkName): string {
  return `${space}_${ifindex}_${hook}_${SHORT[name]}`;
}

export function pinnedLinks(shelf: Shelf): readonly LinkName[] {
  return listed(shelf.links()).flatMap((pin) => {
    const [space, ifindex, hook, short] = pin.split('_');
    const name = (Object.keys(SHORT) as PolicyFunction[]).find((one) => SHORT[one] === short);
    if (name === undefined) return [];
    return [{ space: Number(space), ifindex: Number(ifindex), hook: hook as PolicyHook, name }];
  });
}

/**
 * Attach a program, or put it in the place of the one that the link runs, without a gap.
 * @throws {KernelError} but not for XDP, which only saves time: where the driver has none, or another program is there,
 *   nothing is attached.
 */
export function putLink(shelf: Shelf, netns: number | undefined, link: LinkName, program: number): void {
  const known = openPin(shelf.links(pinName(link)));
  if (known !== undefined)
    try {
      const info = linkInfo(known);
      if (info.ifindex === link.ifindex) {
        if (info.program !== programInfo(program).id) replaceProgram(known, program);
        return;
      }
    } finally {
      closeSync(known);
    }
  if (netns === undefined) return;
  const fd = newLink(netns, link, program);
  if (fd === undefined) return;
  try {
    putPin(fd, shelf.links(), pinName(link));
  } finally {
    closeSync(fd);
  }
}

function newLink(netns: number, { ifindex, hook }: LinkName, program: number): number | undefined {
  // before all others: one of them may end the chain
  if (hook !== 'xdp') return attachTcx(netns, program, ifindex, hook, { side: 'before' });
  try {
    // in the stack it comes hardly earlier than tcx, and what passes costs more
    return attachXdp(netns, program, ifindex, 'native');
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/** False before Linux 6.6. */
export function hasTcx(netns: number, ifindex: number): boolean {
  try {
    queryHook(netns, ifindex, ATTACH.TCX_INGRESS);
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === ERRNO.EINVAL) return false;
    throw error;
  }
}

export function dropLink(shelf: Shelf, link: LinkName): void {
  const path = shelf.links(pinName(link));
  const fd = openPin(path);
  if (fd !== undefined)
    try {
      // the kernel would do it some time after the last descriptor is closed
      detachLink(fd);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    } finally {
      closeSync(fd);
    }
  rmSync(path, { force: true });
}

export function attachmentOf(shelf: Shelf, link: LinkName): PolicyAttachment {
  const { space, ifindex, hook } = link;
  const info = withPin(shelf.links(pinName(link)), linkInfo);
  const attached = info.ifindex === ifindex;
  return { space, ifindex, hook, attached, program: attached ? info.program : 0 };
}
