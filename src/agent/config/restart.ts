// SPDX-License-Identifier: Apache-2.0
import { LEAVES } from './paths.ts';
import type { Settings } from './schema.ts';

/** Settings that a running agent takes up when it reads them anew. */
const TAKEN_UP: ReadonlySet<string> = new Set(['log.level', 'http.tokens']);

/**
 * The settings that differ and wait for the agent to start anew, by their dotted paths.
 * @param running What the agent was started with.
 */
export function waitingForRestart(running: Settings, read: Settings): readonly string[] {
  const begins = (running.http.tls === undefined) !== (read.http.tls === undefined);
  return [...LEAVES.keys()].filter((path) => {
    if (JSON.stringify(valueAt(running, path)) === JSON.stringify(valueAt(read, path))) return false;
    if (path.startsWith('http.tls')) return begins;
    return !TAKEN_UP.has(path);
  });
}

function valueAt(settings: Settings, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as never)?.[name], settings);
}
