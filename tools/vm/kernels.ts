// SPDX-License-Identifier: Apache-2.0
// Guest kernels: Debian's cloud kernels of several suites, fetched as packages by apt, unpacked into the cache and never
// installed. Their versions move: what `linux-image-cloud-amd64` depends on in a suite is its kernel.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './paths.ts';
import { InfrastructureError, run } from './process.ts';

/** A kernel that guests can boot. */
export interface GuestKernel {
  /** As `uname -r` says it. */
  readonly release: string;
  /** Major and minor, e.g. 6.12. */
  readonly series: string;
  readonly suite: string;
  readonly vmlinuz: string;
  /** Holds lib/modules/<release>, with what depmod makes. */
  readonly tree: string;
}

/** Suites in which a kernel is looked for, oldest kernel first. Each is a series of its own. */
export const SUITES = ['bookworm', 'bookworm-backports', 'trixie-backports'] as const;

const META = 'linux-image-cloud-amd64';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Fetch the kernel of `suite` unless it is in the cache. @throws InfrastructureError when it cannot be had. */
export function guestKernel(suite: string): GuestKernel {
  const found = kernelPackage(suite);
  const folder = cacheFolder('kernels');
  const tree = join(folder, found.release);
  if (!existsSync(tree)) unpack(suite, found.name, found.release, tree);
  const inModules = join(tree, 'lib/modules', found.release, 'vmlinuz');
  const vmlinuz = existsSync(inModules) ? inModules : join(tree, `boot/vmlinuz-${found.release}`);
  if (!existsSync(vmlinuz)) throw new InfrastructureError(`no vmlinuz in ${tree}`);
  const series = found.release.split('.').slice(0, 2).join('.');
  return { release: found.release, series, suite, vmlinuz, tree };
}

/** The package that holds the suite's kernel, asked once a day. */
function kernelPackage(suite: string): { readonly name: string; readonly release: string } {
  const known = join(cacheFolder('kernels'), `${suite}.json`);
  const today = new Date().toISOString().slice(0, 10);
  const kept = existsSync(known) ? JSON.parse(readFileSync(known, 'utf8')) : undefined;
  if (kept?.day === today) return kept;
  try {
    const name = resolve(suite);
    const release = name.replace(/^linux-image-/, '').replace(/-unsigned$/, '');
    const found = { day: today, name, release };
    writeFileSync(known, JSON.stringify(found));
    return found;
  } catch (error) {
    // without a network, the kernel of an earlier day does
    if (kept !== undefined && existsSync(join(cacheFolder('kernels'), kept.release))) return kept;
    throw error;
  }
}

function resolve(suite: string): string {
  apt(suite, 'apt-get', ['update', '-q']);
  const shown = apt(suite, 'apt-cache', ['show', '--no-all-versions', META]);
  const [, name] = /^Depends:.*?\b(linux-image-\d\S+)/m.exec(shown) ?? [];
  if (name === undefined) throw new InfrastructureError(`${META} of ${suite} depends on no kernel`);
  return name;
}

function unpack(suite: string, name: string, release: string, tree: string): void {
  const part = `${tree}.part`;
  const download = `${tree}.download`;
  for (const folder of [part, download]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(download);
  // an index from this morning may name a version that is gone
  apt(suite, 'apt-get', ['update', '-q']);
  apt(suite, 'apt-get', ['download', '-q', name, ...partsOf(suite, name, release)], download);
  for (const file of readdirSync(download)) run('dpkg', ['-x', join(download, file), part]);
  // from trixie on the modules lie in usr
  if (!existsSync(join(part, 'lib/modules'))) {
    if (!existsSync(join(part, 'usr/lib/modules')))
      throw new InfrastructureError(`no modules in the packages of ${name}`);
    rmSync(join(part, 'lib'), { recursive: true, force: true });
    renameSync(join(part, 'usr/lib'), join(part, 'lib'));
  }
  run('depmod', ['-b', part, release]);
  renameSync(part, tree);
  rmSync(download, { recursive: true, force: true });
}

/** From 7.x on kernel and modules are packages of their own. */
function partsOf(suite: string, name: string, release: string): readonly string[] {
  const shown = apt(suite, 'apt-cache', ['show', '--no-all-versions', name]);
  const [, depends = ''] = /^Depends:(.*)$/m.exec(shown) ?? [];
  const names = depends.split(/[,|]/).map((one) => one.trim().split(' ')[0] ?? '');
  return names.filter((one) => one.startsWith('linux-') && one.endsWith(`-${release}`));
}

/** apt with the lists of one suite only, from the mirror that this machine uses, apart from the machine's own state. */
function apt(suite: string, program: string, args: readonly string[], cwd?: string): string {
  const base = cacheFolder('apt', suite);
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(base, folder), { recursive: true });
  writeFileSync(join(base, 'sources.list'), sources(suite));
  const settings = {
    'Dir::Etc::sourcelist': join(base, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State::lists': join(base, 'lists'),
    'Dir::Cache': join(base, 'cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '30',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return run(program, [...options, ...args], { ...(cwd !== undefined && { cwd }), seconds: 300 });
}

function sources(suite: string): string {
  const line = (site: string, name: string) => `deb [signed-by=${KEYRING}] ${site} ${name} main\n`;
  const { main, security } = mirrors();
  return line(main, suite) + (suite.includes('-') ? '' : line(security, `${suite}-security`));
}

/** The mirrors that this machine is set up with. */
function mirrors(): { readonly main: string; readonly security: string } {
  const listed = run('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages']);
  const sites = listed.split('\n').map((site) => site.replace(/\/$/, ''));
  const ending = (end: string) => {
    const site = sites.find((one) => one.endsWith(end));
    if (site === undefined)
      throw new Error(
        `no apt source of this machine ends in ${end}: kernels come from where its packages come from`,
      );
    return site;
  };
  return { main: ending('/debian'), security: ending('/debian-security') };
}
