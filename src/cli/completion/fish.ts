// SPDX-License-Identifier: Apache-2.0
import { type CompletionFlag, type CompletionNode, type CompletionValue, everyNode } from './tree.ts';

/** Completion for fish. */
export function fishCompletion(tree: CompletionNode): string {
  const lines = everyNode(tree).flatMap(linesOf);
  return `# fish completion of weir; install: weir completion fish > /etc/fish/completions/weir.fish
function __weir_path
    set -l path ${tree.name}
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
            case ${everyNode(tree)
              .slice(1)
              .map((node) => quote(node.path))
              .join(' ')}
                set path "$path $word"
        end
    end
    echo $path
end
function __weir_at
    test (__weir_path) = "$argv[1]"
end
complete -c weir -f
${lines.join('\n')}
`;
}

function linesOf(node: CompletionNode): readonly string[] {
  const condition = `complete -c weir -n ${quote(`__weir_at "${node.path}"`)}`;
  return [
    ...node.children.map((child) => `${condition} -a ${child.name} -d ${quote(child.summary)}`),
    ...(node.words.length === 0 ? [] : [`${condition} -a ${quote(node.words.join(' '))}`]),
    ...node.flags.map((flag) => `${condition} ${flagWords(flag)}`),
  ];
}

function flagWords({ names, summary, value }: CompletionFlag): string {
  const words = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...words, ...(value === undefined ? [] : [action(value)]), `-d ${quote(summary)}`].join(' ');
}

function action(value: CompletionValue): string {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quote(value.words.join(' '))}`;
    case 'names':
      return `-x -a '(weir completion --names ${value.of} 2>/dev/null)'`;
    case 'files':
      return '-r -F';
    case 'anything':
      return '-x';
  }
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
