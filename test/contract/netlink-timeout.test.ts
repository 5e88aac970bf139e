// SPDX-License-Identifier: Apache-2.0
// Nobody waits for ever: while the kernel is busy with a request, its caller gives up in time.
import { expect, test } from 'vitest';
import { Encoder, payloadOf } from '../../src/codec/encoder.ts';
import { encodeIfinfomsg, encodeLinkAttrs, RTM_DELLINK } from '../../src/codec/generated/rt-link.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { netns } from '../helpers/netns.ts';
import { addRoute } from './routes.ts';

const DEVICES = 200;
const GROUP = 5;

/** Fill a namespace with more devices of a group than the kernel removes at once. */
function crowd(ns: Awaited<ReturnType<typeof netns>>): void {
  const script = 'for i in $(seq "$0"); do echo "link add b$i group $1 type bridge"; done | ip -batch -';
  ns.exec('sh', '-c', script, String(DEVICES), String(GROUP));
}

function removeAll(out: Encoder): void {
  encodeIfinfomsg(out, {});
  encodeLinkAttrs(out, { group: GROUP });
}

test.each(['request', 'batch'])('a %s gives up, and later ones have a new socket', async (kind) => {
  await using ns = await netns('wD-timeout');
  crowd(ns);
  const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
  const out = new Encoder(64);
  const mark = out.messageBegin(RTM_DELLINK, 0);
  removeAll(out);
  out.messageEnd(mark);
  const removal =
    kind === 'request'
      ? transport.request({ type: RTM_DELLINK, payload: payloadOf(removeAll), timeoutMs: 1 })
      : transport.submit(out.batch(), { timeoutMs: 1 });
  await expect(removal).rejects.toMatchObject({ code: 'KERNEL_TIMEOUT' });
  expect(await transport.request(addRoute(1))).toEqual([]);
  expect(ns.ip('-o', 'link').trim().split('\n')).toHaveLength(1);
});
