// SPDX-License-Identifier: Apache-2.0
import type { StateObjects } from '../../api/schemas/state.ts';
import type { Tone } from '../output/style.ts';
import { showObject } from './object.ts';

const TONES: Readonly<Record<string, Tone>> = {
  UP: 'good',
  DOWN: 'warn',
  LOWERLAYERDOWN: 'warn',
  NOTPRESENT: 'bad',
};

type Link = StateObjects['links'];

/** Network devices. */
export const LINKS = showObject<Link>({
  name: 'links',
  summary: 'network devices',
  filters: ['dev'],
  columns: [
    { title: 'INDEX', value: (link) => link.ifindex, align: 'right' },
    { title: 'DEVICE', value: nameWithLower, tone: () => 'strong' },
    { title: 'KIND', value: (link) => link.linkinfo?.info_kind },
    { title: 'STATE', value: (link) => link.operstate, tone: (link) => TONES[link.operstate] },
    { title: 'MTU', value: (link) => link.mtu, align: 'right' },
    { title: 'MASTER', value: (link) => link.master },
    { title: 'QDISC', value: (link) => link.qdisc },
    { title: 'ADDRESS', value: (link) => link.address },
    { title: 'FLAGS', value: (link) => link.flags.join(',') },
  ],
});

/** `vlan5@eth0`, or `eth0@if7` when the lower device is in another namespace. */
function nameWithLower(link: Link): string {
  const lower = link.link ?? (link.link_index === undefined ? undefined : `if${link.link_index}`);
  return lower === undefined ? link.ifname : `${link.ifname}@${lower}`;
}
