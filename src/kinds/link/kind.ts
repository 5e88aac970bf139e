// SPDX-License-Identifier: Apache-2.0
import type { LinkinfoDataMsg, LinkinfoMemberDataMsg } from '../../codec/generated/rt-link.ts';
import type { Fields } from '../fields.ts';

/** Settings of a kind that the codec decodes. */
export type LinkData = Exclude<LinkinfoDataMsg, Uint8Array>;
/** Settings of a port whose kind the codec decodes. */
export type PortData = Exclude<LinkinfoMemberDataMsg, Uint8Array>;

/** Stands for a device in rendered fields until its name is put there. */
export class DeviceName {
  readonly ifindex: number;

  constructor(ifindex: number) {
    this.ifindex = ifindex;
  }
}

/** The device's name to be, nothing for index 0 or an absent attribute. */
export function deviceName(ifindex: number | undefined): DeviceName | undefined {
  return ifindex === undefined || ifindex === 0 ? undefined : new DeviceName(ifindex);
}

/** What Weir knows about one link kind. */
export interface LinkKind {
  /** IFLA_INFO_KIND. */
  readonly kind: string;
  /** IFLA_INFO_DATA as `ip -d` names it. Devices are DeviceName at the top level. */
  readonly render: (data: LinkData) => Fields;
}

/** What Weir knows about the ports of one link kind. */
export interface PortKind {
  /** IFLA_INFO_SLAVE_KIND. */
  readonly kind: string;
  /** IFLA_INFO_SLAVE_DATA as `ip -d` names it. Devices are DeviceName at the top level. */
  readonly render: (data: PortData) => Fields;
}

type DataKind = LinkData['kind'];
type DataOf<K> = Extract<LinkData, { readonly kind: K }>;
type PortDataOf<K> = Extract<PortData, { readonly kind: K }>;

/** Describe a link kind whose data the codec decodes. */
export function linkKind<K extends DataKind>(kind: K, render: (data: DataOf<K>) => Fields): LinkKind {
  return { kind, render: (data) => render(data as DataOf<K>) };
}

/** Describe the ports of a link kind. */
export function portKind<K extends PortData['kind']>(
  kind: K,
  render: (data: PortDataOf<K>) => Fields,
): PortKind {
  return { kind, render: (data) => render(data as PortDataOf<K>) };
}
