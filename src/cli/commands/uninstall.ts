// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';

interface Flags {
  readonly config?: string;
  readonly pinDir?: string;
  readonly socket?: string;
}

/** `weir uninstall`: remove what the agent leaves in the kernel, so that nothing of Weir is left when its files go. */
export function uninstallCommand(deps: CliDeps): Command {
  const command = new Command('uninstall');
  return command
    .description('remove the eBPF programs and maps that outlive the agent; stop the agent first')
    .option('--config <file>', 'settings (default: /etc/weir/weir.yaml if it exists)')
    .option('--pin-dir <directory>', 'where they are pinned')
    .action(async () => {
      const { config, pinDir, socket } = command.optsWithGlobals<Flags>();
      const given = Object.entries({ config, pinDir, socket }).filter(([, value]) => value !== undefined);
      const removed = await deps.uninstall(Object.fromEntries(given));
      await contextOf(deps, command).document({ removed }, () =>
        removed.length === 0
          ? 'nothing was left\n'
          : `removed:\n${removed.map((path) => `  ${path}\n`).join('')}`,
      );
    });
}
