// SPDX-License-Identifier: Apache-2.0
import type { Neighbour } from '../../model/neighbour.ts';
import { showObject } from './object.ts';

/** Neighbour tables (ARP and NDP). */
export const NEIGHBOURS = showObject<Neighbour>({
  name: 'neighbours',
  summary: 'neighbours (ARP and NDP)',
  filters: ['dev', 'family'],
  columns: [
    { title: 'ADDRESS', value: (neighbour) => neighbour.dst, tone: () => 'strong' },
    { title: 'DEVICE', value: (neighbour) => neighbour.dev },
    { title: 'LLADDR', value: (neighbour) => neighbour.lladdr },
    {
      title: 'STATE',
      value: (neighbour) => neighbour.state?.join(','),
      tone: (neighbour) => (neighbour.state?.includes('FAILED') ? 'bad' : undefined),
    },
    { title: 'FLAGS', value: flags },
  ],
});

function flags(neighbour: Neighbour): string {
  return Object.entries(neighbour)
    .filter(([, value]) => value === null)
    .map(([name]) => name)
    .join(',');
}
