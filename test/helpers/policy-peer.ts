// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a probe met: an answer, a refusal, or nothing. */
export type ProbeOutcome = 'open' | 'refused' | 'silent';

export interface PeerProbe {
  readonly protocol: 'TCP' | 'UDP' | 'ICMP';
  readonly to: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Own port. */
  readonly from?: number;
}

export type PeerCommand =
  | { readonly serve: 'TCP' | 'UDP'; readonly port: number }
  | { readonly probes: readonly PeerProbe[] }
  | { readonly hold: string; readonly port: number }
  | { readonly say: number; readonly timeoutMs: number };

/** A process in a namespace that serves, probes and holds connections. */
export interface PolicyPeer extends AsyncDisposable {
  readonly pid: number;
  /** Answer TCP connections or UDP packets on a port with what they say. */
  serve(protocol: 'TCP' | 'UDP', port: number): Promise<void>;
  probe(probes: readonly PeerProbe[]): Promise<readonly ProbeOutcome[]>;
  /** Open a TCP connection that stays open. */
  hold(to: string, port: number): Promise<number>;
  /** Whether something that is said on a connection comes back. */
  say(connection: number, timeoutMs?: number): Promise<'heard' | 'lost' | 'closed'>;
}

export function policyPeer(netns: string): PolicyPeer {
  const main = fileURLToPath(new URL('policy-peer-main.ts', import.meta.url));
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, main], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let id = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as { id: number; answer?: never; error?: string };
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) one?.resolve(message.answer as never);
    else one?.reject(new Error(message.error));
  });
  const ask = <T>(command: PeerCommand): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.set(++id, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id, command })}\n`);
    });
  return {
    pid: child.pid as number,
    serve: async (protocol, port) => void (await ask({ serve: protocol, port })),
    probe: (probes) => ask({ probes }),
    hold: async (to, port) => Number(await ask<string>({ hold: to, port })),
    say: (connection, timeoutMs = 5000) => ask({ say: connection, timeoutMs }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
