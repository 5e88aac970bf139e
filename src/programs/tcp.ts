// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';
import { parsePrefix } from '../base/ip.ts';
import type { MapFill, TelemetryProgram, TelemetrySettings } from './telemetry-program.ts';

/** Retransmits, resets, connections, connect and round trip times of TCP by device and group of peers. */
export const tcp: TelemetryProgram = {
  name: 'tcp',
  description: 'TCP retransmits, resets, connections, connect and round trip times of each device',
  runs: 'always',
  hooks: [
    { program: 'tcp_retransmit', tracepoint: 'tcp_retransmit_skb' },
    { program: 'tcp_reset_received', tracepoint: 'tcp_receive_reset' },
    { program: 'tcp_reset_sent', tracepoint: 'tcp_send_reset' },
    { program: 'tcp_state', tracepoint: 'inet_sock_set_state' },
    { program: 'tcp_round_trip', tracepoint: 'tcp_probe' },
  ],
  maps: ['tcp_devices', 'tcp_resets', 'tcp_groups', 'tcp_group_names'],
  variables: (settings) => ({ sampling: settings.sampling, grouped: prefixesOf(settings).length > 0 }),
  sizes: (settings) => ({
    tcp_groups: Math.max(prefixesOf(settings).length, 1),
    tcp_group_names: Object.keys(settings.peerGroups).length + 1,
  }),
  prefill: (settings) => [groups(settings), groupNames(settings)],
};

/** Prefixes with the numbers of their groups, which begin with 1. */
function prefixesOf({
  peerGroups,
}: TelemetrySettings): readonly (readonly [prefix: string, group: number])[] {
  return Object.values(peerGroups).flatMap((prefixes, i) =>
    prefixes.map((prefix) => [prefix, i + 1] as const),
  );
}

function groups(settings: TelemetrySettings): MapFill {
  const entries = prefixesOf(settings).map(([prefix, group]) => [keyOf(prefix), word(group)] as const);
  return { map: 'tcp_groups', entries };
}

/** struct tcp_prefix: the length, and the address as one of IPv6. */
function keyOf(prefix: string): Uint8Array {
  const { address, prefixlen } = parsePrefix(prefix);
  const key = new Uint8Array(20);
  const isIpv4 = address.length === 4;
  key.set(word(isIpv4 ? 96 + prefixlen : prefixlen));
  if (isIpv4) key.set([0xff, 0xff], 14);
  key.set(address, 20 - address.length);
  return key;
}

function groupNames({ peerGroups }: TelemetrySettings): MapFill {
  const entries = Object.keys(peerGroups).map((name, i) => {
    const value = new Uint8Array(64);
    value.set(bytesOf(name));
    return [word(i + 1), value] as const;
  });
  return { map: 'tcp_group_names', entries };
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
