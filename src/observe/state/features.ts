// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../../base/kernel-error.ts';
import { type NamespaceIo, NETLINK, type NetlinkRequest } from '../../kernel/ports.ts';
import { filterKind } from '../../kinds/filter/kinds.ts';
import { actionProbe } from '../../kinds/filter/probe.ts';
import { linkKindProbe, vlanFilteringProbe } from '../../kinds/link/probe.ts';
import { qdiscProbe } from '../../kinds/qdisc/probe.ts';
import { encapProbe } from '../../kinds/route/probe.ts';
import { wasBuiltWithout } from './kernel-config.ts';

const EOPNOTSUPP = 95;

/**
 * How to ask the kernel for a feature: a request that fails in any case, with EOPNOTSUPP (or what `lacking` names) when
 * it lacks the feature. A probe gives undefined for what it cannot ask about, which then counts as there.
 */
type Probe = (name: string) => (NetlinkRequest & { readonly lacking?: number }) | undefined;

/** By the first word of the feature's name. */
const PROBES: Readonly<Record<string, Probe>> = {
  link: linkKindProbe,
  bridge: vlanFilteringProbe,
  qdisc: qdiscProbe,
  encap: encapProbe,
  action: actionProbe,
};

/**
 * The features that the kernel lacks, of those that `Requirement.feature` names. Found by trying, and nothing changes
 * by it, save that the kernel may load a module.
 * @throws {WeirError} from the transport; {KernelError} only where rights are missing.
 */
export async function unsupportedFeatures(
  io: NamespaceIo,
  features: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const missing = new Set<string>();
  for (const feature of features) {
    const [what = '', name = ''] = feature.split(' ');
    const request = PROBES[what]?.(name);
    if (request !== undefined && (await isRefused(io, request))) missing.add(feature);
    // Only a filter of a qdisc that exists could be asked for, and would be there for a moment.
    const config = what === 'filter' ? filterKind(name)?.config : undefined;
    if (config !== undefined && (await wasBuiltWithout(io, config))) missing.add(feature);
  }
  return missing;
}

async function isRefused(
  io: NamespaceIo,
  request: NetlinkRequest & { readonly lacking?: number },
): Promise<boolean> {
  const transport = await io.netlink(NETLINK.ROUTE);
  try {
    await transport.request(request);
  } catch (error) {
    if (error instanceof KernelError) return error.errno === EOPNOTSUPP || error.errno === request.lacking;
    throw error;
  }
  throw new RangeError('a probe must never succeed');
}
