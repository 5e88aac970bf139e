// SPDX-License-Identifier: Apache-2.0
// Sets up whatever is missing to run (`start`) or test (`test`, in virtual machines `vm`) Weir from a clone. Plain JavaScript without
// dependencies: it runs on the distribution's Node 20 before anything is installed. A second run does nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { RUN, TEST, UNPACKED, VM } from './debian-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const purpose = process.argv[2] ?? 'start';
const node = join(root, 'node_modules/.bin/node');
const nodedir = join(root, `node_modules/node-linux-${process.arch}`);
/** npm packages whose addons are compiled here, against the headers of the Node that will load them. */
const COMPILED = ['syscall-napi', 'buffer2address'];
/** The same, of packages that Weir works without: a machine without libpcap's headers still gets an agent. */
const COMPILED_IF_POSSIBLE = ['pcap'];

function fail(message) {
  console.error(`weir setup: ${message}`);
  process.exit(1);
}

function run(what, command, args, options = {}) {
  console.error(`weir setup: ${what}`);
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (done.error === undefined && done.status === 0) return done.stdout;
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trimEnd();
  return fail(
    `${what} failed (${command} ${args.join(' ')}): ${done.error?.message ?? `exit ${done.status}`}\n${said}`,
  );
}

/** Hash of files and folders, by name and content. */
function hashOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) if (name !== 'build') add(join(path, name));
    } else hash.update(path).update('\0').update(readFileSync(full)).update('\0');
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

/** Runs `work` unless it ran before with the same inputs and its `product` still exists. */
function once(name, inputs, product, work) {
  const stamp = join(root, '.cache/stamps', name);
  const want = `${process.arch} ${hashOf(inputs)}`;
  if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  work();
  mkdirSync(join(root, '.cache/stamps'), { recursive: true });
  writeFileSync(stamp, want);
}

function missingPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own format language
  const asked = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    asked.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

let listsAreFresh = false;
function updateLists() {
  if (!listsAreFresh) run('reading the package lists', 'apt-get', ['update', '-q']);
  listsAreFresh = true;
}

function installDebianPackages(names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  updateLists();
  run(
    `installing Debian packages: ${missing.join(' ')}`,
    'apt-get',
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
    {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    },
  );
}

function unpackDebianPackage(wanted) {
  const [name] = wanted.split('=');
  const target = join(root, '.cache/debian', name);
  if (existsSync(target)) return;
  rmSync(`${target}.part`, { recursive: true, force: true });
  updateLists();
  const work = join(root, '.cache/download', name);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  mkdirSync(join(root, '.cache/debian'), { recursive: true });
  const exact = spawnSync('apt-get', ['download', '-q', wanted], { cwd: work });
  if (exact.status !== 0) run(`fetching ${name}`, 'apt-get', ['download', '-q', name], { cwd: work });
  const file = readdirSync(work).find((entry) => entry.endsWith('.deb'));
  run(`unpacking ${name}`, 'dpkg', ['-x', join(work, file), `${target}.part`]);
  run(`keeping ${name}`, 'mv', [`${target}.part`, target]);
  rmSync(work, { recursive: true, force: true });
}

function installNpmPackages() {
  once('npm', ['package-lock.json', 'package.json'], 'node_modules/.bin/node', () => {
    run('installing npm packages', 'npm', [
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    // what was compiled in it is gone with the former folder
    const compiled = [...COMPILED, ...COMPILED_IF_POSSIBLE].map((name) => `compiled-${name}`);
    for (const stamp of ['addon', ...compiled]) rmSync(join(root, '.cache/stamps', stamp), { force: true });
  });
  for (const name of COMPILED) {
    const folder = `node_modules/${name}`;
    once(`compiled-${name}`, ['package-lock.json'], `${folder}/build/Release`, () =>
      gyp(`compiling ${name}`, folder),
    );
  }
  for (const name of COMPILED_IF_POSSIBLE) compileOptional(name);
}

/** One that cannot be compiled is said, and tried again only when something changed. */
function compileOptional(name) {
  const folder = `node_modules/${name}`;
  if (!existsSync(join(root, folder))) return;
  once(`compiled-${name}`, ['package-lock.json'], `${folder}/package.json`, () => {
    console.error(`weir setup: compiling ${name}`);
    const done = spawnSync(node, gypArguments(folder), gypOptions());
    if (done.status === 0) return;
    const [problem] = `${done.stderr ?? ''}`.split('\n').filter((line) => /error/i.test(line));
    console.error(
      `weir setup: ${name} is left out, Weir works without it: ${problem ?? done.error?.message}`,
    );
  });
}

function gyp(what, folder) {
  run(what, node, gypArguments(folder), gypOptions());
}

function gypArguments(folder) {
  return [
    join(root, 'node_modules/node-gyp/bin/node-gyp.js'),
    'rebuild',
    '-C',
    folder,
    `--nodedir=${nodedir}`,
  ];
}

function gypOptions() {
  return { cwd: root, encoding: 'utf8', env: { ...process.env, npm_config_nodedir: nodedir } };
}

if (process.platform !== 'linux') fail('Weir runs on Linux only');
if (!['x64', 'arm64'].includes(process.arch))
  fail(`no Node 24 for ${process.arch}: Weir runs on x64 and arm64`);
if (process.getuid?.() !== 0)
  fail(
    `this needs root: it drives the kernel's network. Try: sudo npm ${{ start: 'start', test: 'test' }[purpose] ?? 'run setup:vm'}`,
  );

const PACKAGES = { start: RUN, test: [...RUN, ...TEST], vm: [...RUN, ...TEST, ...VM] };
if (purpose === 'vm' && process.arch !== 'x64') fail('the virtual machines are for x86-64 only');
installDebianPackages(PACKAGES[purpose] ?? fail(`no such purpose: ${purpose}`));
installNpmPackages();
once('addon', ['native'], 'native/build/Release/weir.node', () =>
  gyp('compiling the native addon', 'native'),
);
once('ebpf', ['ebpf', 'tools/ebpf/build.mjs'], 'ebpf/build', () =>
  run('compiling the eBPF programs', node, ['tools/ebpf/build.mjs']),
);
once(
  'dist',
  ['src', 'tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'],
  'dist/agent/main.js',
  () => {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    run('compiling TypeScript', node, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
    ]);
  },
);
if (purpose !== 'start') for (const name of UNPACKED) unpackDebianPackage(name);
