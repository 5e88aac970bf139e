// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { WgdeviceAttrs, WgpeerAttrs } from '../../codec/generated/wireguard.ts';
import type { Spec } from '../../model/object.ts';
import { given, present, unlessZero } from '../fields.ts';
import { endpointOf } from './endpoint.ts';
import { keyText } from './key.ts';

/**
 * Canonical settings of a WireGuard device from the messages of a dump: one whose peers do not fit into a message goes
 * on in the next one, with the peer under way named again (drivers/net/wireguard/netlink.c wg_get_device_dump()).
 * Keys stay where they are: of a preshared one there is what `digest` makes of it, so that another one is noticed.
 */
export function wireguardSpec(
  dev: string,
  messages: readonly WgdeviceAttrs[],
  digest: (key: Uint8Array) => string,
): Spec {
  const [first = {}] = messages;
  const peers = new Map<string, Spec>();
  for (const seen of messages.flatMap((message) => message.wgdeviceAPeers ?? [])) {
    const peer = peerSpec(seen, digest);
    const known = peers.get(String(peer['public_key']));
    peers.set(String(peer['public_key']), known === undefined ? peer : continued(known, peer));
  }
  return present({
    dev,
    public_key: given(first.wgdeviceAPublicKey, keyText),
    listen_port: first.wgdeviceAListenPort,
    fwmark: first.wgdeviceAFwmark,
    peers: sortedPeers([...peers.values()]),
  });
}

/** Peers by their keys, each with its prefixes in order: how they are listed says nothing. */
export function sortedPeers(peers: readonly Spec[]): readonly Spec[] {
  const key = (peer: Spec) => String(peer['public_key']);
  return peers
    .map((peer) => ({ ...peer, allowed_ips: (peer['allowed_ips'] as string[]).toSorted() }))
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function continued(known: Spec, more: Spec): Spec {
  return { ...known, allowed_ips: [...(known['allowed_ips'] as []), ...(more['allowed_ips'] as [])] };
}

function peerSpec(seen: WgpeerAttrs, digest: (key: Uint8Array) => string): Spec {
  const key = seen.wgpeerAPresharedKey;
  return present({
    public_key: given(seen.wgpeerAPublicKey, keyText),
    preshared: key?.some((byte) => byte !== 0) ? digest(key) : undefined,
    endpoint: given(seen.wgpeerAEndpoint, endpointOf),
    allowed_ips: (seen.wgpeerAAllowedips ?? []).map(
      ({ wgallowedipAIpaddr: address, wgallowedipACidrMask: length }) =>
        `${renderIp(address ?? new Uint8Array(4))}/${length}`,
    ),
    persistent_keepalive: unlessZero(seen.wgpeerAPersistentKeepaliveInterval),
  });
}
