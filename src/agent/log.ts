// SPDX-License-Identifier: Apache-2.0
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';

/** Bytes of log lines that may wait for a reader that does not keep up; more are dropped. */
const MAX_WAITING = 1_048_576;

/** The log of the agent, and the way to see it written before the end. */
export interface AgentLog {
  readonly log: Logger;
  flush(): void;
}

/** One JSON object for each line on standard output, with the level as a word and the time in ISO 8601. */
export function createLog(level: string): AgentLog {
  // Not synchronous: a reader that stopped reading must not stop the agent.
  const stream = destination({ fd: 1, sync: false, maxLength: MAX_WAITING });
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return { log: pino(options, stream as DestinationStream), flush: () => flushQuietly(stream) };
}

function flushQuietly(stream: { flushSync(): void }): void {
  try {
    stream.flushSync();
  } catch {
    // Standard output is closed, or was never ready: there is nobody to tell.
  }
}
