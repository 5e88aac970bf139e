// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import { openCountingSocket } from '../../kernel/bpf/counting-socket.ts';
import type { Subscription } from '../../kernel/ports.ts';
import type { NamespaceSet, ObservedNamespace } from '../../observe/namespace-set.ts';
import { churnSocketEntry } from '../../observe/telemetry/churn.ts';
import { CHURN_GROUPS } from '../../programs/churn.ts';
import type { Telemetry } from './telemetry.ts';

/** Count the announcements in every observed namespace, for as long as it is observed; nothing where `churn` is off. */
export function watchChurn(
  telemetry: Telemetry,
  namespaces: NamespaceSet,
  warn: (problem: string) => void,
): Subscription {
  const program = telemetry.program('churn', 'churn_message');
  const sockets = telemetry.map('churn', 'churn_sockets');
  if (program === undefined || sockets === undefined) return { close: () => {} };
  const open = new Map<ObservedNamespace, Subscription>();
  const add = (namespace: ObservedNamespace) => {
    const { io, inode, name } = namespace;
    try {
      const prepare = (cookie: bigint) => sockets.update(...churnSocketEntry(cookie, inode));
      open.set(namespace, openCountingSocket(io.fd, program, CHURN_GROUPS, prepare));
    } catch (error) {
      warn(`changes in the network namespace "${name}" are not counted: ${messageOf(error)}`);
    }
  };
  const remove = (namespace: ObservedNamespace) => {
    open.get(namespace)?.close();
    open.delete(namespace);
  };
  for (const namespace of namespaces.all()) add(namespace);
  const changes = namespaces.onChange((event, namespace) =>
    event === 'added' ? add(namespace) : remove(namespace),
  );
  return {
    close() {
      changes.close();
      for (const namespace of [...open.keys()]) remove(namespace);
    },
  };
}
