// SPDX-License-Identifier: Apache-2.0
import { type CompletionFlag, type CompletionNode, type CompletionValue, everyNode } from './tree.ts';

/** Completion for bash. It needs nothing but bash itself (the package bash-completion is not asked for). */
export function bashCompletion(tree: CompletionNode): string {
  const nodes = everyNode(tree);
  return `# bash completion of weir; install: weir completion bash > /etc/bash_completion.d/weir
_weir() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path=${tree.name} at
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ \${COMP_WORDS[at]} == -- ]] && return
    case "$path \${COMP_WORDS[at]}" in
      ${nodes
        .slice(1)
        .map((node) => quote(node.path))
        .join(' | ')})
        path="$path \${COMP_WORDS[at]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path:$before" in
${nodes.flatMap((node) => node.flags.flatMap((flag) => valueCase(node, flag))).join('\n')}
  esac
  case "$path" in
${nodes.map(wordsCase).join('\n')}
  esac
}
complete -F _weir weir
`;
}

function valueCase(node: CompletionNode, flag: CompletionFlag): readonly string[] {
  if (flag.value === undefined) return [];
  const patterns = flag.names.map((name) => quote(`${node.path}:${name}`)).join(' | ');
  return [`    ${patterns}) ${reply(flag.value)}; return ;;`];
}

function reply(value: CompletionValue): string {
  switch (value.kind) {
    case 'words':
      return generate(`-W ${quote(value.words.join(' '))}`);
    case 'names':
      return generate(`-W "$(weir completion --names ${value.of} 2>/dev/null)"`);
    case 'files':
      return generate('-f');
    case 'anything':
      return ':';
  }
}

function wordsCase(node: CompletionNode): string {
  const flags = node.flags.flatMap((flag) => flag.names);
  const words = [...node.children.map((child) => child.name), ...node.words, ...flags];
  return `    ${quote(node.path)}) ${generate(`-W ${quote(words.join(' '))}`)} ;;`;
}

const generate = (source: string) => `COMPREPLY=($(compgen ${source} -- "$word"))`;

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
