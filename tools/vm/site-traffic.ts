// SPDX-License-Identifier: Apache-2.0
// Traffic of the site's client while the gateway reboots or gets another package: what it may not have, and what it must not lose.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder } from './paths.ts';
import { run } from './process.ts';
import type { Site } from './vagrant-lane.ts';

/** Of the client: the one that the gateway's document puts into quarantine, and its usual one. */
const QUARANTINED = '192.0.2.66';
const OTHER = '192.0.2.10';
const GATEWAY = '192.0.2.1';
const AFTER_SECONDS = 180;
const OTHER_VERSION = '99.0.0';

/** Answers of the gateway to an address in quarantine and to another one. */
export interface Answers {
  readonly quarantined: number;
  readonly others: number;
}

/** Ping the gateway from both addresses `count` times. */
export function pings(site: Site, count: number): Answers {
  takeAddress(site);
  const from = (address: string) =>
    answersIn(site.sh('client', `ping -i 0.2 -c ${count} -W 2 -I ${address} ${GATEWAY} || true`));
  return { quarantined: from(QUARANTINED), others: from(OTHER) };
}

function takeAddress(site: Site): void {
  site.sh('client', `ip address replace ${QUARANTINED}/32 dev eth1`);
}

function answersIn(text: string): number {
  return text.split('\n').filter((line) => line.includes(' bytes from ')).length;
}

/** Pings from both addresses that go on. */
export interface PingWatch {
  /** Wait until the counts since the call are so. @throws when they are not within minutes. */
  until(holds: (answers: Answers) => boolean): Promise<void>;
  /** @returns all answers since the beginning. */
  end(): Answers;
}

export function watchPings(site: Site): PingWatch {
  takeAddress(site);
  const logs = { quarantined: '/tmp/ping-quarantined', others: '/tmp/ping-others' };
  const begin = (address: string, log: string) =>
    `(ping -i 0.05 -I ${address} ${GATEWAY} > ${log} 2>&1 & echo $! > ${log}.pid)`;
  site.sh('client', `${begin(QUARANTINED, logs.quarantined)}; ${begin(OTHER, logs.others)}`);
  const count = (log: string) => Number(site.sh('client', `grep -c ' bytes from ' ${log} || true`));
  const seen = (): Answers => ({ quarantined: count(logs.quarantined), others: count(logs.others) });
  return {
    async until(holds) {
      const before = seen();
      for (const end = performance.now() + AFTER_SECONDS * 1000; performance.now() < end; await delay(1000)) {
        const now = seen();
        const since = {
          quarantined: now.quarantined - before.quarantined,
          others: now.others - before.others,
        };
        if (holds(since)) return;
      }
      throw new Error(`the gateway does not answer as it should within ${AFTER_SECONDS} s`);
    },
    end() {
      const answers = seen();
      site.sh('client', `kill $(cat ${logs.quarantined}.pid ${logs.others}.pid)`);
      return answers;
    },
  };
}

/** Of the network that Vagrant reaches the machines by; systemd-networkd brings that device up, and not Weir. */
const MANAGED = '192.168.77.66';
const MANAGED_DOCUMENT = `
apiVersion: weir.dev/v1
kind: Endpoint
metadata: { name: management, namespace: site, labels: { side: management } }
spec: { side: host, devices: [eth0] }
---
apiVersion: weir.dev/v1
kind: Policy
metadata: { name: management, namespace: site }
spec:
  tier: admin
  endpoints: { matchLabels: { side: management } }
  ingress: [{ from: [{ cidr: ${MANAGED}/32 }], action: deny }]
`;

/** Guard the device that others bring up as well. @returns a count of answers to an address that it denies, to be ended. */
export function watchManaged(site: Site): { end(): number } {
  const network = `${MANAGED_DOCUMENT.trim()}\n`;
  site.sh(
    'gateway',
    `cat > /etc/weir/conf.d/management.yaml <<'END'\n${network}END\nweir apply --yes --no-confirm --probe none`,
  );
  const [, address = ''] = /inet ([0-9.]+)/.exec(site.sh('gateway', 'ip -4 address show dev eth0')) ?? [];
  const host = (command: string) => run('nsenter', [...site.libvirt.inside.slice(1), 'sh', '-c', command]);
  const bridge = /Bridge: +(\S+)/.exec(
    run('nsenter', [...site.libvirt.inside.slice(1), 'virsh', 'net-info', 'weir-manage'], {
      env: site.libvirt.env,
    }),
  )?.[1];
  const log = join(cacheFolder('runs'), 'ping-managed');
  host(`ip address replace ${MANAGED}/32 dev ${bridge}`);
  host(`ping -i 0.05 -I ${MANAGED} ${address} > ${log} 2>&1 & echo $! > ${log}.pid`);
  return {
    end() {
      host(`kill $(cat ${log}.pid)`);
      return answersIn(readFileSync(log, 'utf8'));
    },
  };
}

/** Another version is installed and the first one again, while a transfer through the gateway goes on. */
export async function underUpgrade(site: Site): Promise<string | undefined> {
  const first = site.package;
  site.vagrant('upload', otherVersion(first), '/tmp/other.deb', 'gateway');
  site.sh('edge1', 'iperf3 -s -1 -D --logfile /tmp/iperf3-upgrade');
  await delay(2000);
  // one connection; it ends with the file
  site.sh(
    'client',
    'touch /tmp/go; (iperf3 -c 10.77.0.11 -R -t 3600 -i 1 --forceflush > /tmp/transfer 2>&1 & echo $! > /tmp/transfer.pid)',
  );
  const watch = watchPings(site);
  const problems: string[] = [];
  for (const [file, version] of [
    ['/tmp/other.deb', OTHER_VERSION],
    ['/tmp/weir.deb', versionOf(first)],
  ]) {
    site.sh('gateway', `DEBIAN_FRONTEND=noninteractive dpkg -i ${file}`, 600);
    const running = await runningVersion(site, version ?? '');
    if (!running.includes(`${version}`)) problems.push(`${file}: ${running}`);
  }
  await delay(5000);
  const { quarantined, others } = watch.end();
  const alive = site.sh(
    'client',
    'kill -0 $(cat /tmp/transfer.pid) && echo alive; kill $(cat /tmp/transfer.pid); cat /tmp/transfer',
  );
  if (quarantined > 0) problems.push(`${quarantined} answers to the address in quarantine`);
  if (others === 0) problems.push('no answers to the other address');
  if (!alive.startsWith('alive')) problems.push('the connection ended');
  if (!isFlowing(alive)) problems.push('nothing comes on the connection any more');
  return problems.length === 0 ? undefined : `${problems.join(', ')}\n${alive.slice(-3000)}`;
}

/** True when something came in the last seconds of a transfer. */
function isFlowing(transfer: string): boolean {
  const seconds = transfer
    .split('\n')
    .filter((line) => /\bsec\b/.test(line) && !/sender|receiver/.test(line));
  return seconds.slice(-5).some((line) => !/\b0\.00 +Bytes/.test(line));
}

/** The agent's version, once the service runs again as this version. */
async function runningVersion(site: Site, version: string): Promise<string> {
  let said = '';
  for (let left = 60; left > 0; left--) {
    said = site.sh('gateway', 'systemctl is-active weir; weir status 2>&1; weir version 2>&1 || true');
    if (said.startsWith('active') && said.includes(version)) return said;
    await delay(2000);
  }
  return said;
}

function versionOf(file: string): string {
  return run('dpkg-deb', ['-f', file, 'Version']).trim();
}

/** The same package as another version. */
function otherVersion(file: string): string {
  const folder = cacheFolder('runs', 'other-version');
  const target = join(folder, 'other.deb');
  const tree = join(folder, 'tree');
  const edit = (path: string, from: string, to: string) =>
    run('sed', ['-i', `s/${from}/${to}/`, join(tree, path)]);
  run('rm', ['-rf', tree]);
  run('dpkg-deb', ['-R', file, tree]);
  edit('DEBIAN/control', '^Version: .*', `Version: ${OTHER_VERSION}`);
  edit('usr/lib/weir/package.json', '"version": "[^"]*"', `"version": "${OTHER_VERSION}"`);
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, target]);
  run('rm', ['-rf', tree]);
  return target;
}
