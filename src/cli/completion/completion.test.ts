// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { createProgram } from '../program.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { completionTree, everyNode } from './tree.ts';
import { zshCompletion } from './zsh.ts';

const none = () => Promise.reject(new Error('not in this test'));
const program = createProgram({
  version: '0.1.0',
  env: {},
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  runAgent: none,
  lab: { up: none, down: none, status: none, exec: none },
  uninstall: none,
});
const TREE = completionTree(program);

/** What bash offers for a line whose last word is being typed. The agent knows two devices. */
function bash(line: string): readonly string[] {
  const words = line.split(' ');
  const script = `
    weir() { [[ "$*" == 'completion --names devices' ]] && printf 'eth0\\nwan0\\n'; [[ "$*" == *namespaces ]] && echo edge1; }
    ${bashCompletion(TREE)}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
    _weir
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test('the tree has every command with its flags, the global ones too', () => {
  const paths = everyNode(TREE).map((node) => node.path);
  expect(paths).toEqual(expect.arrayContaining(['weir', 'weir show routes', 'weir lab exec', 'weir top']));
  for (const node of everyNode(TREE)) {
    expect(node.summary, node.path).not.toBe('');
    expect(node.flags.map((flag) => flag.names[0])).toEqual(
      expect.arrayContaining(['--output', '--socket', '--help']),
    );
    expect(new Set(node.flags.map((flag) => flag.names[0])).size).toBe(node.flags.length);
  }
});

test.each([
  ['bash', bashCompletion(TREE)],
  ['zsh', zshCompletion(TREE)],
  ['fish', fishCompletion(TREE)],
])(
  'the %s script is sound where that shell is present, and names every command and flag',
  (shell, script) => {
    const file = join(mkdtempSync(join(tmpdir(), 'weir-completion-')), shell);
    writeFileSync(file, script);
    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    rmSync(dirname(file), { recursive: true });
    // zsh and fish are on few machines; bash is on all that run these tests.
    if (shell === 'bash' || error === undefined)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const node of everyNode(TREE)) {
      expect(script).toContain(node.name);
      for (const flag of node.flags) expect(script).toContain(flag.names[0]?.replace(/^--/, ''));
    }
  },
);

test('bash completes verbs, objects, flags and values', () => {
  expect(bash('weir sho')).toEqual(['show']);
  expect(bash('weir show r')).toEqual(['routes', 'rules']);
  expect(bash('weir lab ')).toEqual(expect.arrayContaining(['up', 'down', 'exec', 'status', '--name']));
  expect(bash('weir show routes --t')).toEqual(['--table']);
  expect(bash('weir show rules --t')).toEqual([]);
  expect(bash('weir show links -o ')).toEqual(['table', 'json', 'yaml']);
  expect(bash('weir -o json show li')).toEqual(['links']);
  expect(bash('weir top --sort r')).toEqual(['rate', 'rx']);
  expect(bash('weir completion z')).toEqual(['zsh']);
  expect(bash('weir lab exec client -- l')).toEqual([]);
});

test('bash completes devices and namespaces that the agent knows', () => {
  expect(bash('weir show links --dev ')).toEqual(['eth0', 'wan0']);
  expect(bash('weir show links --dev w')).toEqual(['wan0']);
  expect(bash('weir show routes --netns ')).toEqual(['edge1']);
});
