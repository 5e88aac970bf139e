// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import type { ObjectClass } from '../object-class.ts';
import { writeWireguard } from './write.ts';

/**
 * Keys and peers of a WireGuard device (drivers/net/wireguard/netlink.c wg_set_device()); the item of the link declares
 * them. They come and go with the device.
 *
 * Keys stand in files, and only the paths are in documents, plans and the journal. A key is read when it is written to
 * the kernel, which is when its path changes in a document, or when the device's public key is not what a rollback asks
 * for. A rollback reads the file that was named before: when its content has changed, the old key cannot come back.
 */
export const wireguard: ObjectClass = {
  name: 'wireguard',
  compare: 'declared',
  key: (spec) => String(spec['dev']),
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  requires: () => ({ feature: 'link wireguard', config: 'CONFIG_WIREGUARD' }),
  unseen: ['private_key_file', 'preshared_key_files'],
  agrees: samePeers,
  innate: () => true,
  write: writeWireguard,
  describe: (spec) => `wireguard ${spec['dev']}`,
};

/**
 * A peer without a declared endpoint has the one that it was last heard from. Of a declared preshared key only the file
 * is known, and of an observed one the digest.
 */
function samePeers(field: string, declared: unknown, observed: unknown): boolean {
  if (field !== 'peers' || !Array.isArray(declared) || !Array.isArray(observed)) return false;
  return (
    declared.length === observed.length && declared.every((peer, i) => samePeer(peer, observed[i] as Spec))
  );
}

function samePeer(declared: Spec, observed: Spec): boolean {
  const { endpoint, preshared, ...rest } = observed;
  const like = present({
    ...rest,
    endpoint: declared['endpoint'] === undefined ? undefined : endpoint,
    preshared: declared['preshared'] === true && preshared !== undefined ? true : preshared,
  });
  return sameFields(declared, like);
}

function sameFields(a: object, b: object): boolean {
  const text = (value: object) => JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}
