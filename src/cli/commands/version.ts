// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';

/** `weir version`: of this program and what runs it. */
export function versionCommand(deps: CliDeps): Command {
  const command = new Command('version').description('print the version of weir and of Node');
  return command.action(() => {
    const versions = { weir: deps.version, node: process.versions.node };
    return contextOf(deps, command).document(
      versions,
      () => `weir ${versions.weir} (Node ${versions.node})\n`,
    );
  });
}
