// SPDX-License-Identifier: Apache-2.0

import type { Finding, Rule } from '../rule.ts';
import type { LinkSample } from '../sample.ts';
import type { Window } from '../window.ts';

/** Frames for which the receive ring had no place (rtnl_link_stats64 rx_missed_errors, rx_fifo_errors, rx_over_errors). */
export const RING_OVERFLOW: Rule = {
  name: 'ring-overflow',
  about: 'the receive ring of a device overflows',
  sysctls: [],
  judge: (window) => window.after.links.flatMap((link) => judge(window, link)),
};

function judge(window: Window, link: LinkSample): readonly Finding[] {
  const lost = window.link(link, 'rx_missed_errors', 'rx_fifo_errors', 'rx_over_errors');
  if (lost === 0) return [];
  const { dev, ringsMax, settings } = link;
  const size = (settings['rings'] as { readonly rx?: number } | undefined)?.rx;
  const most = ringsMax?.rx ?? 0;
  const larger = size === undefined ? 0 : Math.min(most, size * 2);
  const grows = size !== undefined && larger > size;
  return [
    {
      dev,
      summary: `${dev} loses frames: its receive ring is full when they come`,
      evidence: [
        { what: 'frames lost', value: window.rate(lost), unit: 'frames/s' },
        { what: 'frames received', value: window.rate(window.link(link, 'rx_packets')), unit: 'frames/s' },
        ...(size === undefined ? [] : [{ what: 'ring', value: `${size} of at most ${most}` }]),
      ],
      proposals: grows ? [{ dev, setting: 'rings.rx', value: larger }] : [],
      ...(!grows && {
        manual: 'the ring cannot grow: spread the work over more queues or CPUs, or receive less',
      }),
      expected: 'bursts fit into the ring',
      risk: 'the device is without a link for a moment while its rings are made anew',
      metric: `ring_drops:${dev}`,
      weight: 3,
    },
  ];
}
