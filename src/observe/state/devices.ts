// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../base/bytes.ts';
import { ERRNO } from '../../base/errno.gen.ts';
import { isWeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { wireOf } from '../../base/wire.ts';
import { GENLMSGHDR_SIZE } from '../../codec/generated/netlink.ts';
import { type FileReader, type NamespaceIo, NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { GROUPS } from '../../kinds/device/device.ts';
import type { Group } from '../../kinds/device/group.ts';
import { NAPI_SETTINGS } from '../../kinds/device/napi.ts';
import { canonicalQueues, QUEUE_SETTINGS, queueFile } from '../../kinds/device/queues.ts';
import type { Spec } from '../../model/object.ts';
import { genericFamily, genericPayload } from '../metrics-generic-family.ts';
import type { ClassReader } from './class-reader.ts';

/** What reading says of a setting that a device does not have, or not now. */
const LACKING: readonly number[] = [ERRNO.EOPNOTSUPP, ERRNO.EINVAL];

/** Reads the tunables of the devices that somebody names; an export has none, since nobody knows who set them. */
export const deviceReader: ClassReader = {
  class: 'device',
  async read({ io, indexOf }, { keys }, found) {
    for (const dev of keys) {
      const index = indexOf(dev);
      if (index === undefined) continue;
      found(await readDevice(io, dev, index));
    }
  },
};

/** The tunables of a device that it has. */
export async function readDevice(io: NamespaceIo, dev: string, index: number): Promise<Spec> {
  const transport = await io.netlink(NETLINK.GENERIC);
  const groups: [string, unknown][] = [];
  for (const group of GROUPS) {
    const values = await groupOf(transport, group, index);
    if (values !== undefined) groups.push([group.name, values]);
  }
  const folder = `class/net/${dev}`;
  const queues = await queuesOf(io.sys, folder);
  return { dev, ...Object.fromEntries(groups), ...(await napiOf(io.sys, folder)), ...queues };
}

/** Undefined where the driver does not have them. */
async function groupOf(transport: NetlinkTransport, group: Group, devIndex: number): Promise<unknown> {
  return unlessLacking(async () => {
    const [reply] = await transport.request({
      type: await genericFamily(transport, 'ethtool'),
      payload: genericPayload(group.get, (out) => group.ask(out, { devIndex })),
      operation: `read ${group.name} of device ${devIndex}`,
    });
    const bytes = reply?.payload ?? new Uint8Array(0);
    return group.decode(wireOf(bytes), GENLMSGHDR_SIZE, bytes.length);
  });
}

async function napiOf(sys: FileReader, folder: string): Promise<Spec> {
  const out: Record<string, unknown> = {};
  for (const { name, fromNumber } of NAPI_SETTINGS) {
    const text = await contentOf(sys, `${folder}/${name}`);
    if (text !== undefined) out[name] = fromNumber(Number(text));
  }
  return out;
}

async function queuesOf(sys: FileReader, folder: string): Promise<Spec> {
  const folders = (await unlessLacking(() => sys.list(`${folder}/queues`))) ?? [];
  const settings: Record<string, Spec> = {};
  for (const setting of QUEUE_SETTINGS) {
    const values: Record<string, string> = {};
    for (const queue of numbersOf(folders, setting.direction)) {
      const text = await contentOf(sys, `${folder}/${queueFile(setting, queue)}`);
      if (text !== undefined) values[queue] = text;
    }
    if (Object.keys(values).length > 0) settings[setting.name] = values;
  }
  return Object.keys(settings).length === 0 ? {} : { queues: canonicalQueues(settings) };
}

/** Numbers of the queues of a direction, ascending. */
function numbersOf(folders: readonly string[], direction: string): readonly string[] {
  const own = folders.filter((name) => name.startsWith(`${direction}-`));
  const numbers = own.map((name) => name.slice(direction.length + 1));
  return numbers.toSorted((a, b) => Number(a) - Number(b));
}

async function contentOf(sys: FileReader, path: string): Promise<string | undefined> {
  const bytes = await unlessLacking(() => sys.read(path));
  return bytes === undefined ? undefined : textOf(bytes).trim();
}

async function unlessLacking<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isWeirError(error, 'NO_DATA')) return undefined;
    if (error instanceof KernelError && LACKING.includes(error.errno)) return undefined;
    throw error;
  }
}
