// SPDX-License-Identifier: Apache-2.0
// Network policy over a real agent: documents by HTTP and by the command line, and what traffic makes of them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { ApplyReport, RevisionSummary } from '../../src/api/schemas/change.ts';
import type {
  EndpointReport,
  ExplainReport,
  PolicyReport,
  RulePage,
} from '../../src/api/schemas/policies.ts';
import { attachXdp } from '../../src/kernel/bpf/links.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import type { AgentProcess } from '../helpers/agent-process.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { apply, ask, changeStatus } from '../helpers/change-client.ts';
import {
  AT_ONCE,
  endpoints,
  get,
  onlyFrom,
  policyAgentNode,
  policyOf,
  weir,
} from '../helpers/policy-agent.ts';
import { A4, B4, C4, probe, reaches } from '../helpers/policy-probing.ts';
import { WEIR } from '../helpers/weir.ts';

const PORTS = [probe(B4, 80), probe(B4, 81), probe('fd77::2', 80)];

test('a NetworkPolicy is enforced, counted, explained, changed, and gone without a trace', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  // endpoints alone load nothing
  expect(await apply(socket, endpoints(star), AT_ONCE)).toMatchObject({ status: 'confirmed' });
  await reaches({ star }, 'a', PORTS, ['open', 'open', 'open']);

  expect(await apply(socket, [onlyFrom('a')], AT_ONCE)).toMatchObject({
    status: 'confirmed',
    counts: { create: 1 },
  });
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  await reaches({ star }, 'c', PORTS, ['silent', 'silent', 'silent']);
  await reaches({ star }, 'b', [probe(A4, 1)], ['refused']);

  const report = await get<PolicyReport>(agent, '/v1/policies/x%2Fb');
  expect(report).toMatchObject({ name: 'NetworkPolicy/x/b', endpoints: ['x/b'] });
  expect(report.rules[0]?.packets).toBeGreaterThan(0);
  expect(report.rules[0]?.last).toBeDefined();
  const endpoint = await get<EndpointReport>(agent, '/v1/endpoints/x%2Fb');
  expect(endpoint).toMatchObject({
    places: [{ device: 'w1', attached: true }],
    policies: { ingress: ['NetworkPolicy/x/b'], egress: [] },
  });

  const question = { from: 'x/c', to: 'x/b', protocol: 'tcp', port: 80 };
  const { body } = await ask(socket, 'POST', '/v1/explain', question);
  expect(body as ExplainReport).toMatchObject({
    verdict: 'deny',
    judgements: [
      { endpoint: 'x/c', direction: 'egress', verdict: 'allow' },
      {
        endpoint: 'x/b',
        direction: 'ingress',
        verdict: 'deny',
        reason: 'isolated',
        datapath: { verdict: 'deny' },
      },
    ],
  });

  const changed = await ask(
    socket,
    'PUT',
    '/v1/policies/NetworkPolicy%2Fx%2Fb?confirmSeconds=0',
    onlyFrom('c'),
  );
  expect(changed).toMatchObject({ status: 200, body: { counts: { change: 1 } } });
  await reaches({ star }, 'a', PORTS, ['silent', 'silent', 'silent']);
  await reaches({ star }, 'c', PORTS, ['open', 'silent', 'open']);

  const gone = await ask(socket, 'DELETE', '/v1/policies/x%2Fb?confirmSeconds=0');
  expect(gone).toMatchObject({ status: 200, body: { counts: { remove: 1 } } });
  await reaches({ star }, 'a', PORTS, ['open', 'open', 'open']);
  expect(await ask(socket, 'GET', '/v1/policies/x%2Fb')).toMatchObject({ status: 404 });
  for (const { name } of [{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    expect(await ask(socket, 'DELETE', `/v1/endpoints/x%2F${name}?confirmSeconds=0`)).toMatchObject({
      status: 200,
    });
  expect(existsSync(join(made.directory, 'state/policy.db'))).toBe(false);
});

test('what is not confirmed is undone, also when the agent is killed meanwhile; what is confirmed outlives it', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using first = await made.agent();
  await apply(first.to.socketPath, [...endpoints(star), onlyFrom('a')], AT_ONCE);
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  const held = await star.member('a').peer.hold(B4, 80);

  const late = await apply(first.to.socketPath, [onlyFrom('c')], { confirmSeconds: 1, probes: ['none'] });
  expect(late.status).toBe('unconfirmed');
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  await expect
    .poll(async () => (await changeStatus(first.to.socketPath)).state, { timeout: 20_000 })
    .toBe('idle');

  await apply(first.to.socketPath, [onlyFrom('c')], { confirmSeconds: 600, probes: ['none'] });
  await reaches({ star }, 'c', PORTS, ['open', 'silent', 'open']);
  first.signal('SIGKILL');
  await first.ended();
  // nobody is there, and it goes on
  await reaches({ star }, 'c', PORTS, ['open', 'silent', 'open']);
  await using second = await made.agent();
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  await reaches({ star }, 'c', PORTS, ['silent', 'silent', 'silent']);
  expect(await star.member('a').peer.say(held)).toBe('heard');
  const report: ApplyReport = await apply(second.to.socketPath, [onlyFrom('a')], AT_ONCE);
  expect(report.status).toBe('unchanged');
  await apply(second.to.socketPath, [onlyFrom('a', 81)], AT_ONCE);
  await reaches({ star }, 'a', PORTS, ['silent', 'open', 'silent']);
});

test('the command line applies, lists, explains and deletes', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  await apply(agent.to.socketPath, [...endpoints(star), onlyFrom('a')], AT_ONCE);
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  expect(weir(agent, 'policy', 'list')).toMatchObject({ status: 0, err: '' });
  expect(weir(agent, 'policy', 'list').out).toMatch(/NetworkPolicy\/x\/b +application/);
  expect(weir(agent, 'policy', 'show', 'x/b').out).toMatch(/ingress +0 +allow/);
  expect(weir(agent, 'policy', 'endpoints').out).toMatch(/x\/b +workload +10\.77\.0\.2 fd77::2 +w1/);
  const explain = ['policy', 'explain', '--from', 'x/a', '--to', B4];
  const told = weir(agent, ...explain, '--port', '80', '--trail');
  expect(told.out).toContain('the program on w1 says allow by NetworkPolicy/x/b rule 0');
  const ping = weir(agent, ...explain, '--proto', 'icmp', '--port', '8');
  expect(ping).toMatchObject({ status: 1, err: expect.stringContaining('icmp has no ports') });
  expect(weir(agent, 'policy', 'rules').out).toMatch(/NetworkPolicy\/x\/b +ingress +0 +allow/);
  expect(weir(agent, 'policy', 'rules', '--unused').out).not.toMatch(/ingress +0 +allow/);
  const gone = weir(agent, 'policy', 'delete', 'x/b', '--yes', '--no-confirm', '--probe', 'none');
  expect(gone).toMatchObject({ status: 0 });
  expect(weir(agent, 'policy', 'list').out).toBe('No policies.\n');
  expect(weir(agent, 'policy', 'show', 'x/b')).toMatchObject({
    status: 1,
    err: expect.stringContaining('no policy'),
  });
});

/** The hub itself as it is reached by the cable of a. */
const HUB = {
  apiVersion: 'weir.dev/v1',
  kind: 'Endpoint',
  metadata: { name: 'hub', namespace: 'x', labels: { role: 'hub' } },
  spec: { side: 'host', devices: ['w0'] },
};
const CLOSED = {
  apiVersion: 'weir.dev/v1',
  kind: 'Policy',
  metadata: { name: 'closed', namespace: 'x' },
  spec: {
    tier: 'admin',
    endpoints: { matchLabels: { role: 'hub' } },
    ingress: [{ name: 'all', action: 'deny', log: { sample: 1 } }],
  },
};

test('the device of a host runs a program at XDP, where none is and the settings do not say otherwise', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  const xdpOf = (device: string): number =>
    JSON.parse(star.hub.ip('-j', 'link', 'show', device))[0].xdp?.prog.id ?? 0;
  const documents = [...endpoints(star).slice(1), HUB, CLOSED];
  {
    await using agent = await made.agent();
    await apply(agent.to.socketPath, documents, AT_ONCE);
    expect(xdpOf('w0')).toBeGreaterThan(0);
    expect(xdpOf('w1')).toBe(0);
    const { out } = weir(agent, 'policy', 'endpoints');
    expect(out).toMatch(/ w0 \(xdp\)/);
    expect(out).not.toMatch(/w1 \(/);
  }
  // it stays as it is, and goes with the setting
  expect(xdpOf('w0')).toBeGreaterThan(0);
  {
    await using agent = await made.agent(['--set', 'policy.xdp=false']);
    await expect.poll(async () => (await changeStatus(agent.to.socketPath)).state).toBe('idle');
    expect(xdpOf('w0')).toBe(0);
  }
});

test('a program of somebody else at XDP is left alone, and the policy is enforced without', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  const source = `${PRELUDE}
SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }`;
  const { programs } = loadObject(bpfObject(source), { name: 'other' });
  const { ifindex } = star.member('a');
  const link = attachXdp((await star.hub.io()).fd, programs.get('pass') as number, ifindex, 'native');
  await using agent = await made.agent();
  const before = star.hub.ip('-j', 'link', 'show', 'w0');
  await apply(agent.to.socketPath, [HUB, CLOSED], AT_ONCE);
  expect(JSON.parse(star.hub.ip('-j', 'link', 'show', 'w0'))[0].xdp).toEqual(JSON.parse(before)[0].xdp);
  await reaches({ star }, 'a', [probe('169.254.1.1', 7)], ['silent']);
  closeSync(link);
});

test('a policy that would close the node to whoever applies it is warned of, and the node stays open', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  const hub = '169.254.1.1';
  const servers = [22, 2222].map((port) => {
    const code = `require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(${port})`;
    return spawn('nsenter', [`--net=/run/netns/${star.hub.name}`, process.execPath, '-e', code]);
  });
  try {
    await reaches({ star }, 'a', [probe(hub, 22), probe(hub, 2222)], ['open', 'open']);
    const documents = [HUB, CLOSED];
    const plan = await ask(socket, 'POST', '/v1/plan', { documents, peer: A4 });
    expect((plan.body as ApplyReport).diagnostics).toMatchObject([
      {
        severity: 'warning',
        code: 'POLICY_OWN_PATH',
        message: expect.stringMatching(/22\/tcp.*10\.77\.0\.1/),
      },
    ]);
    // until it is confirmed everything is open to whoever has to confirm it
    const report = await apply(socket, documents, { confirmSeconds: 600, probes: ['none'], peer: A4 });
    expect(report.status).toBe('unconfirmed');
    await reaches({ star }, 'a', [probe(hub, 22), probe(hub, 2222)], ['open', 'open']);
    await ask(socket, 'POST', '/v1/confirm', {});
    await reaches({ star }, 'a', [probe(hub, 22), probe(hub, 2222)], ['open', 'silent']);

    // and what waits for a confirmation that cannot come is undone
    const stricter = {
      ...CLOSED,
      spec: { ...CLOSED.spec, ingress: [{ action: 'deny' }], egress: [{ action: 'deny' }] },
    };
    await apply(socket, [stricter], { confirmSeconds: 1, probes: ['none'], peer: A4 });
    await expect.poll(async () => (await changeStatus(socket)).state, { timeout: 20_000 }).toBe('idle');
    await reaches({ star }, 'a', [probe(hub, 22), probe(hub, 2222)], ['open', 'silent']);
  } finally {
    for (const server of servers) server.kill();
  }
});

test('verdicts are told as they are made, and counted in the metrics', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  await apply(socket, [...endpoints(star).slice(1), HUB, CLOSED], AT_ONCE);
  const log = spawn(WEIR[0] as string, [
    ...[WEIR[1] as string, '--socket', socket, '-o', 'json', 'policy', 'log'],
    ...['--verdict', 'deny', '-n', '1'],
  ]);
  const lines = text(log.stdout);
  const ended = once(log, 'close');
  const knock = setInterval(() => void star.member('a').peer.probe([probe('169.254.1.1', 7)]), 1_000);
  await ended;
  clearInterval(knock);
  expect(JSON.parse(await lines)).toMatchObject({
    kind: 'verdict',
    endpoint: 'x/hub',
    direction: 'ingress',
    verdict: 'deny',
    policy: 'Policy/x/closed',
    rule: 'all',
    from: A4,
    to: '169.254.1.1',
    port: 7,
  });
  const metrics = await scrape(agent);
  expect(metrics).toMatch(
    /weir_policy_rule_packets_total\{policy="Policy\/x\/closed",direction="ingress",rule="all",action="deny"\} [1-9]/,
  );
  expect(metrics).toMatch(/weir_policy_objects\{kind="endpoint"\} 3/);
  expect(metrics).toMatch(/weir_policy_epoch \d/);
});

test('a device that appears under a name that an endpoint has a pattern for is attached', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  const pattern = { ...endpoints(star)[1], spec: { devices: ['new*'], addresses: [B4, 'fd77::2'] } };
  await apply(socket, [...endpoints(star).filter((_, i) => i !== 1), pattern, onlyFrom('a')], AT_ONCE);
  const ports = PORTS.slice(0, 2);
  await reaches({ star }, 'c', ports, ['open', 'open']);
  star.hub.ip('link', 'set', 'w1', 'down');
  star.hub.ip('link', 'set', 'w1', 'name', 'new1');
  star.hub.ip('link', 'set', 'new1', 'up');
  star.hub.ip('route', 'replace', B4, 'dev', 'new1');
  await reaches({ star }, 'c', ports, ['silent', 'silent']);
  await reaches({ star }, 'a', ports, ['open', 'silent']);

  const links = readdirSync(join(made.pins, 'policy'), { recursive: true, encoding: 'utf8' });
  const ours = links.filter((name) => /link|egress|ingress/.test(name));
  expect(ours.length).toBeGreaterThan(0);
  const endpoint = await get<EndpointReport>(agent, '/v1/endpoints/x%2Fb');
  expect(endpoint.places).toMatchObject([{ device: 'new1', attached: true }]);
});

test('programs that others detach are attached again', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  const [a, ...others] = endpoints(star);
  // a is reached by the cable that is the host's
  const bare = { ...a, spec: { addresses: [A4, 'fd77::1'] } };
  await apply(socket, [bare, ...others, HUB, onlyFrom('a')], AT_ONCE);
  const links = join(made.pins, 'policy/links');
  const { ifindex } = star.member('b');
  const pins = () => readdirSync(links).filter((name) => name.split('_')[1] === String(ifindex));
  expect(pins()).toHaveLength(2);
  const restored = async () => {
    const { items } = await get<{ readonly items: readonly RevisionSummary[] }>(agent, '/v1/revisions');
    return items.filter(({ reason }) => reason === 'others had changed it').length;
  };
  const attached = async () => (await get<EndpointReport>(agent, '/v1/endpoints/x%2Fb')).places;
  expect(await restored()).toBe(0);

  for (const pin of pins()) spawnSync('bpftool', ['link', 'detach', 'pinned', join(links, pin)]);
  await expect.poll(restored, { timeout: 20_000 }).toBe(1);
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  expect(await attached()).toMatchObject([{ device: 'w1', attached: true }]);

  rmSync(join(links, pins()[0] as string));
  await expect.poll(restored, { timeout: 20_000 }).toBe(2);
  expect(pins()).toHaveLength(2);
  expect(await attached()).toMatchObject([{ device: 'w1', attached: true }]);

  const early = readdirSync(links).filter((name) => name.split('_')[2] === 'xdp');
  expect(early).toHaveLength(1);
  spawnSync('bpftool', ['link', 'detach', 'pinned', join(links, early[0] as string)]);
  await expect.poll(restored, { timeout: 20_000 }).toBe(3);
  const shown = spawnSync('bpftool', ['link', 'show', 'pinned', join(links, early[0] as string)]);
  expect(String(shown.stdout)).not.toMatch(/detached|ifindex 0/);
});

test('an agent that is killed goes on counting where it was, and its connections live', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using first = await made.agent();
  await apply(first.to.socketPath, [...endpoints(star), onlyFrom('a')], AT_ONCE);
  await reaches({ star }, 'a', PORTS, ['open', 'silent', 'open']);
  const held = await star.member('a').peer.hold(B4, 80);
  // endpoint c had no policy until now
  await apply(first.to.socketPath, [policyOf('c', 'a', 90)], AT_ONCE);
  await star.member('c').peer.serve('TCP', 90);
  await star.member('c').peer.serve('TCP', 91);
  const toC = [probe(C4, 90), probe(C4, 91)];
  await reaches({ star }, 'a', toC, ['open', 'silent']);
  const counts = async (agent: AgentProcess) => {
    const { items } = await get<RulePage>(agent, '/v1/rules');
    const own = items.filter(({ name }) => name !== 'node');
    return Object.fromEntries(own.map(({ policy, packets }) => [policy, packets]));
  };
  const before = await counts(first);
  expect(before['NetworkPolicy/x/b']).toBeGreaterThan(0);
  const c = before['NetworkPolicy/x/c'] as number;
  expect(c).toBeGreaterThan(0);

  first.signal('SIGKILL');
  await first.ended();
  // counted while nobody is there
  expect(await star.member('a').peer.probe(toC)).toEqual(['open', 'silent']);
  await using again = await made.agent();
  const after = await counts(again);
  expect(after['NetworkPolicy/x/b']).toBe(before['NetworkPolicy/x/b']);
  const more = after['NetworkPolicy/x/c'] as number;
  expect(more).toBeGreaterThan(c);
  expect(await star.member('a').peer.say(held)).toBe('heard');
  expect(weir(again, 'policy', 'rules').out).toMatch(
    new RegExp(`NetworkPolicy/x/c +ingress +0 +allow +${more} `),
  );

  expect(await star.member('a').peer.probe(toC)).toEqual(['open', 'silent']);
  // and of a change after it, which gives numbers away
  await apply(again.to.socketPath, [policyOf('a', 'c', 80)], AT_ONCE);
  expect(await star.member('a').peer.probe(toC)).toEqual(['open', 'silent']);
  const last = await counts(again);
  expect(last['NetworkPolicy/x/c']).toBeGreaterThan(more);
  expect(last['NetworkPolicy/x/b']).toBeGreaterThan(before['NetworkPolicy/x/b'] as number);
  expect(last['NetworkPolicy/x/a']).toBe(0);
  expect(await star.member('a').peer.say(held)).toBe('heard');
});

test('mistakes name the field, and nothing changes', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  const socket = agent.to.socketPath;
  const put = (name: string, body: object) =>
    ask(socket, 'PUT', `/v1/policies/${name}?confirmSeconds=0`, body);
  const spec = { endpoints: {}, ingress: [{ from: [{ cidrs: '10.0.0.0/8' }] }] };
  expect(await put('one', spec)).toMatchObject({
    status: 400,
    body: {
      code: 'DOCUMENT',
      errors: [{ path: 'spec.ingress.0.from.0', problem: expect.stringContaining('did you mean "cidr"') }],
    },
  });
  const unknown = { endpoints: {}, ingress: [{ from: [{ cidrSet: 'nobody' }] }] };
  expect(await put('one', unknown)).toMatchObject({
    status: 409,
    body: {
      code: 'PLAN_REFUSED',
      errors: [{ document: 'Policy/one', problem: expect.stringContaining('nobody') }],
    },
  });
  expect(await put('one', { kind: 'NetworkPolicy', metadata: { name: 'two' }, spec: {} })).toMatchObject({
    status: 400,
    body: { code: 'REQUEST_INVALID' },
  });
  expect(await ask(socket, 'PATCH', '/v1/cidrsets/none', { add: ['10.0.0.0/8'] })).toMatchObject({
    status: 404,
  });
  expect(await changeStatus(socket)).toMatchObject({ revision: 0, state: 'idle' });
  await apply(socket, endpoints(star), AT_ONCE);
  const set = { cidrs: ['10.0.0.0/8'] };
  expect(await ask(socket, 'PUT', '/v1/cidrsets/some?confirmSeconds=0', set)).toMatchObject({ status: 200 });
  const change = { add: ['192.0.2.7', '10.0.0.0/8'], remove: ['172.16.0.0/12'] };
  expect(await ask(socket, 'PATCH', '/v1/cidrsets/some?confirmSeconds=0', change)).toMatchObject({
    status: 200,
  });
  expect(await get(agent, '/v1/cidrsets/some')).toMatchObject({
    prefixes: 2,
    cidrs: ['10.0.0.0/8', '192.0.2.7/32'],
  });
});

async function scrape(agent: AgentProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath: agent.to.socketPath, path: '/metrics' }, (response) => {
      text(response).then(resolve, reject);
    })
      .on('error', reject)
      .end();
  });
}
