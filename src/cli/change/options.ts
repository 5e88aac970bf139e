// SPDX-License-Identifier: Apache-2.0
// Flags that several commands of changing share.
import { type Command, InvalidArgumentError } from 'commander';
import type { CliDeps } from '../deps.ts';
import { DOCUMENT_DIRECTORY } from './files.ts';

/** Which documents. */
export interface DocumentFlags {
  readonly file: readonly string[];
  readonly prune?: boolean;
  readonly full?: boolean;
}

/** How a change is made. */
export interface ChangeFlags {
  /** Seconds; false with --no-confirm. */
  readonly confirm?: number | false;
  readonly probe?: readonly string[];
  readonly reason?: string;
  readonly ifRevision?: number;
  readonly yes?: boolean;
}

/** Add `-f`, `--prune` and `--full`. */
export function withDocumentFlags(command: Command): Command {
  return command
    .option(
      '-f, --file <file>',
      `a file, a directory or - (default: ${DOCUMENT_DIRECTORY}); may be repeated`,
      append,
    )
    .option('--prune', 'drop the documents of the current revision that are not given')
    .option('--full', 'show every step, however many there are');
}

/** The files that were named, else the usual place. */
export function filesOf({ file }: Partial<DocumentFlags>): readonly string[] {
  return file ?? [DOCUMENT_DIRECTORY];
}

/** Add what decides how a change is made and kept. */
export function withChangeFlags(command: Command): Command {
  return command
    .option(
      '--confirm <time>',
      'undo it unless it is confirmed in this time: 90, 90s, 5m; 0 asks for none',
      seconds,
    )
    .option('--no-confirm', 'keep it without a confirmation')
    .option(
      '--probe <probe>',
      'must succeed afterwards: ping:ADDRESS, tcp:HOST:PORT, http:URL, gateway, none',
      append,
    )
    .option('--reason <text>', 'why, for the history')
    .option('--if-revision <revision>', 'only if this is the current revision', revisionNumber)
    .option('-y, --yes', 'do not ask, do not wait');
}

/** The same as the agent takes them. */
export function changeOptions({ confirm, probe, reason }: ChangeFlags) {
  return {
    ...(confirm !== undefined && { confirmSeconds: confirm === false ? 0 : confirm }),
    ...(probe && { probes: probe }),
    ...(reason !== undefined && { reason }),
  };
}

/** Address that the operator comes from, when that is by SSH: the plan warns of what would cut it. */
export function sshPeer({ env }: CliDeps): string | undefined {
  const [address] = (env['SSH_CONNECTION'] ?? '').split(' ');
  return address === '' ? undefined : address?.replace(/%.*$/, '');
}

/** Parses the number of a revision. */
export function revisionNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a revision is a number, as `weir history` shows it.');
}

const append = (value: string, before: readonly string[] = []) => [...before, value];

function seconds(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  const value = Number(digits) * ({ s: 1, m: 60, h: 3600 }[unit || 's'] ?? 1);
  if (value <= 86_400) return value;
  throw new InvalidArgumentError('a time is 90, 90s, 5m or 1h, at most 24h.');
}
