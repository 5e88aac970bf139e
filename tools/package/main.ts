// SPDX-License-Identifier: Apache-2.0
// `npm run package`: a Debian package and a tarball of the same tree, in .cache/package. They bring Node, the addon and the
// eBPF objects along, so a node needs libbpf1 and no compiler.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTree } from './tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const FOLDER = join(ROOT, '.cache/package');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
const NAME = `weir_${version}_${ARCHITECTURE}`;

const control = `Package: weir
Version: ${version}
Architecture: ${ARCHITECTURE}
Maintainer: The Weir authors
Depends: libc6 (>= 2.36), libstdc++6, libbpf1, adduser
Section: net
Priority: optional
Description: edge networking and kernel telemetry agent
 One agent per node: network documents with plan, apply, confirm and rollback; kernel metrics for Prometheus. It changes
 nothing until a document is applied.
`;

function run(program: string, ...args: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr || done.error}`);
}

const stage = join(FOLDER, 'stage');
rmSync(stage, { recursive: true, force: true });
makeTree(ROOT, join(stage, 'usr/lib/weir'));
for (const folder of ['usr/bin', 'lib/systemd/system', 'DEBIAN', 'usr/share/doc/weir'])
  mkdirSync(join(stage, folder), { recursive: true });
symlinkSync('../lib/weir/bin/weir', join(stage, 'usr/bin/weir'));
cpSync(join(ROOT, 'packaging/weir.service'), join(stage, 'lib/systemd/system/weir.service'));
cpSync(join(ROOT, 'LICENSE'), join(stage, 'usr/share/doc/weir/copyright'));
writeFileSync(join(stage, 'DEBIAN/control'), control);
for (const script of ['postinst', 'prerm']) {
  cpSync(join(ROOT, 'packaging/debian', script), join(stage, 'DEBIAN', script));
  chmodSync(join(stage, 'DEBIAN', script), 0o755);
}
run('chmod', '-R', 'u+rwX,go+rX,go-w', stage);
run('dpkg-deb', '--root-owner-group', '-Zgzip', '-z6', '--build', stage, join(FOLDER, `${NAME}.deb`));
const tarball = join(FOLDER, `${NAME}.tar.gz`);
run('tar', '-C', stage, '--owner=0', '--group=0', '--exclude=./DEBIAN', '-czf', tarball, '.');
rmSync(stage, { recursive: true });
for (const end of ['deb', 'tar.gz']) console.log(join(FOLDER, `${NAME}.${end}`));
