// SPDX-License-Identifier: Apache-2.0

/** Send one datagram to a Unix socket. @returns bytes sent, or a negative errno. */
export type UnixSend = (path: string, bytes: Uint8Array) => number;

/** Tells the service manager how the agent is doing (sd_notify(3)). Does nothing where there is none. */
export interface Notifier {
  ready(): void;
  /** What the agent is doing, in a few words. */
  status(text: string): void;
  reloading(): void;
  stopping(): void;
  /** Stop the keep-alive messages. */
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A notifier for the service manager that the environment names. If it watches the agent, it hears from the event
 * loop twice in each of its intervals, for as long as the loop turns.
 */
export function createNotifier(env: Environment, send: UnixSend, monotonicUs: () => bigint): Notifier {
  const socket = env['NOTIFY_SOCKET'];
  const tell = (...lines: readonly string[]) => {
    if (socket !== undefined && socket !== '') send(socket, Buffer.from(lines.join('\n')));
  };
  const interval = Number(env['WATCHDOG_USEC'] ?? 0) / 2000;
  const timer = interval > 0 ? setInterval(() => tell('WATCHDOG=1'), interval) : undefined;
  timer?.unref();
  return {
    ready: () => tell('READY=1'),
    status: (text) => tell(`STATUS=${text}`),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${monotonicUs()}`),
    stopping: () => tell('STOPPING=1'),
    close: () => clearInterval(timer),
  };
}
