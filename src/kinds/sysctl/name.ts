// SPDX-License-Identifier: Apache-2.0
// Names of sysctls. As sysctl(8) does it, the first separator decides: after a dot, dots separate and a slash stands for
// a dot within a part; after a slash it is the other way round. The canonical form has dots: net.ipv4.conf.eth0/5.mtu.

/** The parts of a name that follow each other in the file system. */
export function sysctlParts(name: string): readonly string[] {
  const separator = /[./]/.exec(name)?.[0] ?? '.';
  const parts = name.split(separator);
  return separator === '.' ? parts.map((part) => part.replaceAll('/', '.')) : parts;
}

/** The canonical form, which `sysctl -a` prints. */
export function canonicalName(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll('.', '/')).join('.');
}

/** The file below /proc. */
export function sysctlPath(name: string): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'));
  return `sys/${parts.join('/')}`;
}

/** Families of settings that each device has, with `all` (not of neighbours) and `default` beside the devices. */
const PER_DEVICE = /^net\.(?:ipv4|ipv6|mpls)\.(?:conf|neigh)\./;

/** The device (or `all`, `default`) and the setting of a name that each device has. */
export function deviceSetting(
  name: string,
): { readonly family: string; readonly dev: string; readonly leaf: string } | undefined {
  if (!PER_DEVICE.test(name)) return undefined;
  const [net, protocol, kind, dev, leaf] = name.split('.');
  if (dev === undefined || leaf === undefined) return undefined;
  return { family: `${net}.${protocol}.${kind}`, dev: dev.replaceAll('/', '.'), leaf };
}
