// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../base/errno.gen.ts';
import { KernelError } from '../base/kernel-error.ts';
import { payloadOf } from '../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../codec/generated/netlink.ts';
import { encodeIfinfomsg, encodeLinkAttrs, RTM_NEWLINK } from '../codec/generated/rt-link.ts';
import { type NamespaceIo, NETLINK, type NetlinkTransport } from '../kernel/ports.ts';

/** No device can have this name, so that nothing can come of asking for it. */
const IMPOSSIBLE = 'no/such';

/** Finds out what the kernel lacks by trying, once for each feature. */
export class Features {
  readonly #open: () => Promise<NamespaceIo>;
  readonly #missing = new Map<string, Promise<boolean>>();

  constructor(open: () => Promise<NamespaceIo>) {
    this.#open = open;
  }

  /** Of the features named, those that the kernel lacks. What cannot be tried counts as there. */
  async missing(features: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const lacking = new Set<string>();
    for (const feature of features) if (await this.#isMissing(feature)) lacking.add(feature);
    return lacking;
  }

  #isMissing(feature: string): Promise<boolean> {
    const known = this.#missing.get(feature) ?? this.#try(feature);
    this.#missing.set(feature, known);
    return known;
  }

  async #try(feature: string): Promise<boolean> {
    const [what, kind] = feature.split(' ');
    if (what !== 'link' || kind === undefined) return false;
    return lacksLinkKind(await (await this.#open()).netlink(NETLINK.ROUTE), kind);
  }
}

/** @see net/core/rtnetlink.c rtnl_newlink_create(): the kind is looked up before the name is checked */
async function lacksLinkKind(route: NetlinkTransport, kind: string): Promise<boolean> {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, {});
    encodeLinkAttrs(out, { ifname: IMPOSSIBLE, linkinfo: { kind } });
  });
  const operation = `look for the kind of link ${kind}`;
  try {
    await route.request({ type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload, operation });
    return false;
  } catch (error) {
    // of tuntap devices the kernel says something else: they exist, and netlink cannot make them
    const unknown = error instanceof KernelError && error.errno === ERRNO.EOPNOTSUPP;
    return unknown && error.extack.message === 'Unknown device type';
  }
}
