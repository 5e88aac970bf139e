// SPDX-License-Identifier: Apache-2.0
// The other half of node-netlink-process.ts: runs in the namespace and makes the calls.
import process from 'node:process';
import { messageOf, WeirError } from '../../src/base/errors.ts';
import { KernelError } from '../../src/base/kernel-error.ts';
import { openNodeNetlinkTransport } from '../../src/kernel/node-netlink-transport.ts';
import type {
  MessageBatch,
  MessageSink,
  NetlinkProtocol,
  NetlinkRequest,
  Subscription,
} from '../../src/kernel/ports.ts';
import type { Call, PlainError, Reply } from './node-netlink-process.ts';

const transport = await openNodeNetlinkTransport(Number(process.argv[2]) as NetlinkProtocol);
const subscriptions = new Map<number, Subscription>();

function plain(error: unknown): PlainError {
  if (error instanceof KernelError)
    return { kernel: [error.operation, error.errno, error.errnoName, error.extack] };
  if (error instanceof WeirError) return { code: error.code, details: error.details };
  return { text: messageOf(error) };
}

function say(reply: Reply): void {
  if (process.connected) process.send?.(reply);
}

async function run({ id, method, args }: Call): Promise<unknown> {
  const [first, second] = args;
  const sink: MessageSink = ({ bytes }, start, end, type, flags) =>
    say({ id, message: [Uint8Array.from(bytes.subarray(start, end)), type, flags] });
  switch (method) {
    case 'request':
      return transport.request(first as NetlinkRequest);
    case 'dump':
      return transport.dump(first as NetlinkRequest, sink);
    case 'submit':
      return (await transport.submit(first as MessageBatch)).map(({ index, error }) => ({
        index,
        error: plain(error),
      }));
    case 'subscribe':
      subscriptions.set(
        id,
        await transport.subscribe(
          first as readonly number[],
          { message: sink, overrun: () => undefined },
          second as { receiveBuffer?: number } | undefined,
        ),
      );
      return undefined;
    case 'unsubscribe':
      return subscriptions.get(first as number)?.close();
    case 'close':
      return transport.close();
  }
}

process.on('message', (call: Call) => {
  run(call).then(
    (result) => say({ id: call.id, result }),
    (error: unknown) => say({ id: call.id, error: plain(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
