// SPDX-License-Identifier: Apache-2.0
// What a node needs of a built checkout: compiled sources, the addon, the eBPF objects, the npm packages of production and
// Node itself. Nothing is compiled on a node.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';

/** Copied as they are. */
const FILES = [
  'LICENSE',
  'README.md',
  'package.json',
  'bin/weir',
  'dist',
  'docs',
  'examples',
  'packaging/document.schema.json',
  'packaging/weir.schema.json',
];

/** Of npm packages only what runs. */
const LEFT_OUT = new Set(['.map', '.ts', '.mts', '.cts', '.tsbuildinfo', '.c', '.cc', '.cpp', '.h', '.o']);
const LEFT_OUT_FOLDERS = new Set(['include', 'share', 'obj.target', 'test', 'tests', '.deps']);

/** Make the tree that lies in /usr/lib/weir on a node. `root` is the checkout. */
export function makeTree(root: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const path of FILES) copy(join(root, path), join(target, path));
  copy(join(root, 'native/build/Release/weir.node'), join(target, 'native/build/Release/weir.node'));
  for (const name of readdirSync(join(root, 'ebpf/build')))
    if (name.endsWith('.bpf.o'))
      cpSync(join(root, 'ebpf/build', name), join(target, 'ebpf/build', name), { recursive: true });
  for (const folder of productionPackages(root)) copy(join(root, folder), join(target, folder));
  mkdirSync(join(target, 'node_modules/.bin'), { recursive: true });
  symlinkSync(`../node-linux-${process.arch}/bin/node`, join(target, 'node_modules/.bin/node'));
}

/** Folders of the npm packages of production and of what they need, from the lock file, outer ones first. */
function productionPackages(root: string): readonly string[] {
  const args = ['ls', '--omit=dev', '--all', '--parseable'];
  const listed = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  const folders = listed.stdout
    .split('\n')
    .map((path) => relative(root, path))
    .filter((path) => path.startsWith('node_modules/'));
  if (folders.length === 0) throw new Error(`npm ls shows no packages: ${listed.stderr}`);
  return folders.sort();
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  const isPackage = relative(dirname(to), to) !== '' && from.includes('/node_modules/');
  cpSync(from, to, {
    recursive: true,
    filter: (path) => (isPackage ? runs(relative(from, path)) : !path.endsWith('.tsbuildinfo')),
  });
}

function runs(path: string): boolean {
  const parts = path.split('/');
  // nested packages are listed on their own
  if (parts.includes('node_modules') || parts.some((part) => LEFT_OUT_FOLDERS.has(part))) return false;
  return !LEFT_OUT.has(extname(path));
}
