// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

/** What can follow a flag that takes a value. */
export type CompletionValue =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Names that the agent knows. */
  | { readonly kind: 'names'; readonly of: 'devices' | 'namespaces' }
  | { readonly kind: 'files' }
  | { readonly kind: 'anything' };

export interface CompletionFlag {
  /** `--output`, `-o`. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Absent for a switch. */
  readonly value?: CompletionValue;
}

/** A command as the completion of a shell sees it. */
export interface CompletionNode {
  /** Words from the program's name on: `weir show links`. */
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletionFlag[];
  readonly children: readonly CompletionNode[];
  /** Values of its first argument. */
  readonly words: readonly string[];
}

/** The tree below `command`, read from the command itself, so that it can never lag behind. */
export function completionTree(command: Command, parents: readonly Command[] = []): CompletionNode {
  const line = [...parents, command];
  const help = command.createHelp();
  const options = line.flatMap((member) => help.visibleOptions(member));
  return {
    path: line.map((member) => member.name()).join(' '),
    name: command.name(),
    summary: command.description(),
    flags: options
      .filter((option, i) => options.findIndex((other) => other.long === option.long) === i)
      .map((option) => ({
        names: [option.long, option.short].filter((name) => name !== undefined),
        summary: option.description,
        ...argumentOf(option.flags, option.argChoices),
      })),
    children: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map((child) => completionTree(child, line)),
    words: command.registeredArguments[0]?.argChoices ?? [],
  };
}

/** Every node of the tree, parents first. */
export function everyNode(node: CompletionNode): readonly CompletionNode[] {
  return [node, ...node.children.flatMap(everyNode)];
}

const PLACEHOLDERS: Readonly<Record<string, CompletionValue>> = {
  device: { kind: 'names', of: 'devices' },
  netns: { kind: 'names', of: 'namespaces' },
  file: { kind: 'files' },
  directory: { kind: 'files' },
  path: { kind: 'files' },
};

function argumentOf(flags: string, choices: readonly string[] | undefined): { value?: CompletionValue } {
  const placeholder = /<(.+)>/.exec(flags)?.[1];
  if (placeholder === undefined) return {};
  if (choices !== undefined) return { value: { kind: 'words', words: choices } };
  return { value: PLACEHOLDERS[placeholder] ?? { kind: 'anything' } };
}
