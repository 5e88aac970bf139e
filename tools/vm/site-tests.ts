// SPDX-License-Identifier: Apache-2.0
// What the machines of the Vagrantfile show: traffic shaped, routed, filtered and measured as the gateway's document says,
// seen by the client.
import { setTimeout as delay } from 'node:timers/promises';
import { secondsLeft } from './budget.ts';
import { pings, underUpgrade, watchManaged, watchPings } from './site-traffic.ts';
import type { Site } from './vagrant-lane.ts';
import type { Outcome, TestResult } from './vitest-report.ts';

type Check = (site: Site) => string | undefined | Promise<string | undefined>;
/** What it returns is what is wrong. */
type SiteTest = Check | { readonly needs: string; readonly check: Check };

/** The gateway's rate towards clients, in bits per second. */
const RATE = 8e6;

/** By title; one that needs a machine which is not up is skipped. */
const TESTS: Readonly<Record<string, SiteTest>> = {
  'provisioned: package, settings, document, confirmed': (site) => {
    site.vagrant('provision', ...site.nodes);
    return undefined;
  },
  'the agent runs under systemd, from the package': ({ sh }) => {
    const state = sh('gateway', 'systemctl is-active weir; dpkg-query -W weir; weir --version');
    return /^active\n/.test(state) && /weir\s+\d/.test(state) ? undefined : state;
  },
  'no compiler is on the node': ({ sh }) => {
    const found = sh('gateway', 'command -v gcc cc g++ clang make || true');
    return found.trim() === '' ? undefined : found;
  },
  'the document holds: its plan is empty': ({ sh }) => {
    const plan = sh('gateway', 'weir plan --detailed-exitcode; echo exit $?');
    return plan.includes('exit 0') ? undefined : plan;
  },
  'reached: the client pings the gateway': ({ sh }) => {
    const said = sh('client', 'ping -c 3 -W 5 192.0.2.1 || true');
    return /ttl=64/.test(said) ? undefined : said;
  },
  'routed: the client reaches an edge node through the gateway': {
    needs: 'edge1',
    check: ({ sh }) => {
      const said = sh('client', 'ping -c 3 -W 5 10.77.0.11 || true');
      return /ttl=63/.test(said) ? undefined : said;
    },
  },
  'shaped: a download of the client is slower than the rate, and not by much': async (site) => {
    const from = site.nodes.includes('edge1') ? 'edge1' : 'gateway';
    const address = from === 'edge1' ? '10.77.0.11' : '192.0.2.1';
    site.sh(from, 'iperf3 -s -1 -D --logfile /tmp/iperf3');
    await delay(2000);
    const said = JSON.parse(site.sh('client', `iperf3 -c ${address} -R -t 8 -J`));
    const rate = Number(said.end.sum_received.bits_per_second);
    return rate < RATE && rate > RATE / 4 ? undefined : `${(rate / 1e6).toFixed(1)} Mbit/s`;
  },
  'filtered: the client does not reach the SSH of an edge node, the gateway does': {
    needs: 'edge1',
    check: ({ sh }) => {
      const connect = 'timeout 8 bash -c "exec 3<>/dev/tcp/10.77.0.11/22" 2>&1; echo exit $?';
      const client = sh('client', connect);
      const gateway = sh('gateway', connect);
      return client.includes('exit 124') && gateway.includes('exit 0') ? undefined : `${client}${gateway}`;
    },
  },
  'filtered: the filter of the gateway counts what it drops': ({ sh }) => {
    sh('client', 'timeout 5 bash -c "exec 3<>/dev/tcp/10.77.0.99/22" 2>&1; true');
    const shown = sh('gateway', 'tc -s filter show dev eth2 ingress');
    return /dropped [1-9]/.test(shown) ? undefined : shown;
  },
  'measured: the metrics count what was shaped': ({ sh }) => {
    const metrics = sh('gateway', 'curl -s http://127.0.0.1:9820/metrics');
    const value = (pattern: RegExp) => Number(pattern.exec(metrics)?.[1] ?? Number.NaN);
    const sent = value(/^node_network_transmit_bytes_total\{device="eth2"\} (\S+)$/m);
    const queue = value(/^node_qdisc_bytes_total\{(?=[^}]*device="eth2")(?=[^}]*kind="htb")[^}]*\} (\S+)$/m);
    if (!(sent > 1e6 && queue > 1e6)) return `eth2 sent ${sent} bytes, htb ${queue}`;
    return undefined;
  },
  'measured: Prometheus on the monitoring node has it': {
    needs: 'monitor',
    check: async ({ sh, nodes }) => {
      const wanted = nodes.filter((name) => name === 'gateway' || name.startsWith('edge')).length;
      const query = (text: string) =>
        sh('monitor', `curl -sG http://127.0.0.1:9090/api/v1/query --data-urlencode 'query=${text}'`);
      let said = '';
      for (let left = 20; left > 0; left--) {
        said = query('sum(up)') + query('rate(node_network_transmit_bytes_total{device="eth2"}[2m]) > 0');
        const [up, rates] = said.split('}{');
        if (up?.includes(`"${wanted}"`) && rates?.includes('10.77.0.1:9820')) return undefined;
        await delay(3000);
      }
      return said;
    },
  },
  'policy: an address in quarantine is not let in, another one is': (site) => {
    const { quarantined, others } = pings(site, 5);
    return quarantined === 0 && others > 0 ? undefined : `${quarantined} and ${others} answers`;
  },
  'policy: an upgrade and a downgrade of the package under traffic': {
    needs: 'edge1',
    check: underUpgrade,
  },
  'provisioning again changes nothing': (site) => {
    const before = site.sh('gateway', 'weir history; systemctl show -p MainPID weir');
    site.vagrant('provision', 'gateway');
    const after = site.sh('gateway', 'weir history; systemctl show -p MainPID weir');
    return before === after ? undefined : `${before}\n${after}`;
  },
  'a reboot brings the network back before anybody asks for it, and lets nothing through on the way up':
    async (site) => {
      const managed = watchManaged(site);
      const watch = watchPings(site);
      site.vagrant('reload', 'gateway');
      await watch.until(({ others }) => others > 0);
      await delay(5000);
      const seen = { ...watch.end(), managed: managed.end() };
      const plan = site.sh('gateway', 'weir plan --detailed-exitcode; echo exit $?');
      const good = seen.quarantined === 0 && seen.managed === 0 && seen.others > 0 && plan.includes('exit 0');
      return good ? undefined : `${JSON.stringify(seen)}${plan}`;
    },
  'policy: without it the address in quarantine is let in': (site) => {
    site.sh('gateway', 'weir policy delete site/quarantine --yes --no-confirm --probe none');
    const { quarantined } = pings(site, 5);
    return quarantined > 0 ? undefined : 'no answers: what was tested before is no proof';
  },
};

/** Run all of them in order; one that cannot be carried out has failed, one that the end of the time for all cuts off has not. */
export async function siteTests(site: Site): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  for (const [title, test] of Object.entries(TESTS)) {
    const started = performance.now();
    const { outcome, why } = await resultOf(test, site);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    results.push({ file: 'vagrant', titles: [title], outcome, ...(why !== undefined && { why }) });
    console.log(`${{ passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[outcome]} ${title} (${seconds} s)`);
    // programs are waited for: signals are heard of here
    await delay(1);
  }
  return results;
}

async function resultOf(test: SiteTest, site: Site): Promise<{ outcome: Outcome; why?: string | undefined }> {
  const [needs, check] = typeof test === 'function' ? [undefined, test] : [test.needs, test.check];
  if (needs !== undefined && !site.nodes.includes(needs))
    return { outcome: 'skipped', why: `${needs} is not up in this run` };
  const why = secondsLeft() < 1 ? 'not begun' : await problemOf(check, site);
  if (why === undefined) return { outcome: 'passed' };
  return secondsLeft() < 1 ? { outcome: 'skipped', why: 'no time left' } : { outcome: 'failed', why };
}

function problemOf(check: Check, site: Site): Promise<string | undefined> {
  return Promise.resolve()
    .then(() => check(site))
    .catch((error: unknown) => String(error));
}
