// SPDX-License-Identifier: Apache-2.0
import { type Encoder, payloadOf } from '../../src/codec/encoder.ts';
import type { OperationSink } from '../../src/kinds/object-class.ts';

/** An operation as a class wrote it. */
export type Recorded =
  | { readonly op: 'rtnl'; readonly type: number; readonly flags: number; readonly payload: Uint8Array }
  | { readonly op: 'genl'; readonly family: string; readonly command: number; readonly payload: Uint8Array }
  | { readonly op: 'other'; readonly name: string; readonly args: readonly unknown[] };

/** Where operations end up that are only looked at. */
export interface RecordingSink {
  readonly sink: OperationSink;
  readonly operations: readonly Recorded[];
}

/** A sink that keeps what it is given; devices have the numbers of `ifindexes`. An unknown one is an error. */
export function recordingSink(ifindexes: Readonly<Record<string, number>> = {}): RecordingSink {
  const operations: Recorded[] = [];
  const known: Partial<OperationSink> = {
    rtnl: (type, flags, body: (out: Encoder) => void) =>
      void operations.push({ op: 'rtnl', type, flags, payload: payloadOf(body) }),
    genl: (family, command, body) =>
      void operations.push({ op: 'genl', family, command, payload: payloadOf(body) }),
    ifindex(name) {
      const found = ifindexes[name];
      if (found === undefined) throw new Error(`the test gives no ifindex of ${name}`);
      return found;
    },
  };
  const other =
    (name: string) =>
    (...args: readonly unknown[]) =>
      void operations.push({ op: 'other', name, args });
  const sink = new Proxy(known as OperationSink, {
    get: (target, name) => Reflect.get(target, name) ?? other(String(name)),
  });
  return { sink, operations };
}
