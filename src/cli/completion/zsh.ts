// SPDX-License-Identifier: Apache-2.0
import { type CompletionFlag, type CompletionNode, type CompletionValue, everyNode } from './tree.ts';

/** Completion for zsh: one function for each command, with descriptions. */
export function zshCompletion(tree: CompletionNode): string {
  const functions = everyNode(tree).map(functionOf).join('\n');
  return `#compdef weir
# zsh completion of weir; install: weir completion zsh > /usr/local/share/zsh/site-functions/_weir
_weir_names() {
  local -a names
  names=(\${(f)"$(weir completion --names $1 2>/dev/null)"})
  compadd -a names
}
${functions}
if [[ $funcstack[1] == _weir ]]; then _weir "$@"; else compdef _weir weir; fi
`;
}

function functionOf(node: CompletionNode): string {
  const isLeaf = node.children.length === 0;
  const words = node.words.length === 0 ? [] : [quote(`1:value:(${node.words.join(' ')})`)];
  const specs = [...node.flags.map(argument), ...(isLeaf ? words : [`'1: :->command'`, `'*:: :->rest'`])];
  return `${nameOf(node)}() {
  local curcontext="$curcontext" state line
  _arguments -C -S \\
    ${specs.join(' \\\n    ')}
${isLeaf ? '' : branches(node.children)}}`;
}

/** Which command comes next, and from there its own function. */
function branches(children: readonly CompletionNode[]): string {
  const commands = children.map((child) => quote(`${child.name}:${describe(child.summary)}`));
  return `  case $state in
    command)
      local -a commands=(${commands.join(' ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${children.map((child) => `        ${child.name}) ${nameOf(child)} ;;`).join('\n')}
      esac ;;
  esac
`;
}

const nameOf = (node: CompletionNode) => `_${node.path.replaceAll(' ', '_')}`;

/** `'(-o --output)'{-o,--output}'[form of the output]:value:(json yaml)'` */
function argument({ names, summary, value }: CompletionFlag): string {
  const rest = quote(`[${describe(summary)}]${value === undefined ? '' : `:value:${action(value)}`}`);
  return names.length === 1 ? `${names[0]}${rest}` : `'(${names.join(' ')})'{${names.join(',')}}${rest}`;
}

function action(value: CompletionValue): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'names':
      // The blank in front keeps _arguments from putting options of its own before the word.
      return ` _weir_names ${value.of}`;
    case 'files':
      return '_files';
    case 'anything':
      return ' ';
  }
}

const describe = (summary: string) => summary.replace(/[[\]:\\]/g, (character) => `\\${character}`);

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
