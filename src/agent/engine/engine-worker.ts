// SPDX-License-Identifier: Apache-2.0
// The engine's thread: it owns the journal, the sockets that change the kernel, the confirm timer and the drift watch.
import { join } from 'node:path';
import process from 'node:process';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/errors.ts';
import { DriftWatch } from '../../engine/drift/drift-watch.ts';
import { Engine } from '../../engine/engine.ts';
import { createExecutor } from '../../engine/execute/executor.ts';
import { withPolicies } from '../../engine/policy/reader.ts';
import { recover } from '../../engine/recovery.ts';
import { removeStrayPrograms } from '../../engine/stray-programs.ts';
import { createProgramHost } from '../../kernel/bpf/program-host.ts';
import { namespaces } from '../../kernel/namespaces.ts';
import { unsupportedFeatures } from '../../observe/state/features.ts';
import { createStateReader } from '../../observe/state/reader.ts';
import { youngCollector } from '../memory.ts';
import { requestPaths } from '../request-paths.ts';
import { pathTo } from './caller-path.ts';
import { deviceIdentities } from './device-identities.ts';
import { engineMethods } from './engine-host.ts';
import { EngineTally, NO_DURATIONS } from './engine-state.ts';
import { Measuring } from './measuring.ts';
import {
  type EngineCall,
  type EngineMessage,
  type EngineSettings,
  type EngineStop,
  sentError,
} from './messages.ts';
import { OpenNamespaces } from './open-namespaces.ts';
import { createPolicyHost } from './policy-host.ts';
import { policyMethods } from './policy-methods.ts';
import { policyMetricsText } from './policy-numbers.ts';
import { programMethods } from './program-methods.ts';
import { VerdictLines } from './verdict-lines.ts';

const settings = workerData as EngineSettings;
const { stateDir, pinDir } = settings;
const port = parentPort as MessagePort;
const send = (message: EngineMessage) => port.postMessage(message);
const warn = (problem: string) => send({ kind: 'warning', problem });
const open = new OpenNamespaces(namespaces({ resolvePath: requestPaths }));
const tally = new EngineTally();
const programs = createProgramHost(settings);
const policies = createPolicyHost(settings, open, warn);
const report = { programs, pinDir, open: (netns: string) => open.open(netns) };

/** Milliseconds after a change in which the next one is not kept waiting by what the engine does for itself. */
const REST_MS = 10;

type Methods = { readonly [M in EngineCall['method']]?: (...args: never[]) => Promise<Uint8Array> };

/** The calls as they come; each answers for itself. */
function serve(engine: Engine, methods: Methods): void {
  port.on('message', async (message: EngineCall | EngineStop) => {
    if ('stop' in message) return stop(engine);
    const { id, method, args } = message;
    try {
      await open.refresh();
      const bytes = await (methods[method] as (...given: readonly unknown[]) => Promise<Uint8Array>)(...args);
      send({ kind: 'result', id, bytes });
    } catch (error) {
      send({ kind: 'error', id, error: sentError(error) });
    }
  });
}

/** Whoever could still confirm is about to be gone. */
async function stop(engine: Engine): Promise<void> {
  try {
    await engine.stop();
  } catch (error) {
    warn(`undoing what nobody confirmed: ${messageOf(error)}`);
  }
  process.exit(0);
}

/** Called often, it does `work` once, {@link REST_MS} after the last call. */
function atRest(work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, REST_MS).unref();
  };
}

/** Without a journal nothing can be changed, and every call says why. */
function refuse(reason: unknown): void {
  port.on('message', (message: EngineCall | EngineStop) => {
    if ('stop' in message) process.exit(0);
    send({ kind: 'error', id: message.id, error: sentError(reason) });
  });
  warn(messageOf(reason));
  const none = {
    revision: 0,
    state: 'idle',
    owned: {},
    drift: {},
    applies: {},
    durations: NO_DURATIONS,
    rollbacks: {},
  } as const;
  send({ kind: 'state', state: { numbers: none, programs: [], policy: false, problem: messageOf(reason) } });
}

async function bootId(): Promise<string> {
  const bytes = await (await open.open('')).proc.read('sys/kernel/random/boot_id');
  return Buffer.from(bytes).toString().trim();
}

async function run(): Promise<void> {
  const boot = await bootId();
  await policies.start();
  const engine = new Engine({
    journal: join(stateDir, 'journal.db'),
    reader: withPolicies(createStateReader(open.port, programs), policies),
    executor: createExecutor((netns) => open.open(netns), { programs, policies }),
    programs,
    policies,
    open: (netns) => open.open(netns),
    devices: async (name) => deviceIdentities(await open.open(name)),
    unsupported: async (features) => unsupportedFeatures(await open.open(''), features),
    pathTo: async (peer) => pathTo(await open.open(''), peer),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    boot,
    publish: (event) => {
      tally.note(event);
      send({ kind: 'event', event });
      if (event.kind === 'drift' || event.done === undefined) tellSoon();
    },
    warn,
  });
  const drift = new DriftWatch(engine);
  const tell = () => {
    waiting = false;
    send({ kind: 'state', state: tally.state(engine, drift, policies) });
  };
  // whoever asked is answered first
  let waiting = false;
  const tellSoon = () => {
    if (!waiting) setImmediate(tell);
    waiting = true;
  };
  await recover(engine);
  drift.onChange = tell;
  policies.onDetached = () => drift.suspect('', ['endpoint']);
  const tidy = atRest(youngCollector());
  engine.onOwned = (scope) => {
    tidy();
    void drift.owns(scope);
    void removeStrayPrograms(engine).catch((error: unknown) => warn(`programs: ${messageOf(error)}`));
  };
  tell();
  const lines = new VerdictLines(policies, (found) => send({ kind: 'verdicts', lines: found }));
  serve(engine, {
    ...engineMethods(engine, drift),
    ...programMethods(engine, report, new Measuring()),
    ...policyMethods(engine, policies),
    async watchVerdicts(on: boolean) {
      lines.watch(on);
      return new Uint8Array();
    },
    policyMetrics: async () => new TextEncoder().encode(await policyMetricsText(policies)),
  });
  void drift.renew();
  policies.onUpdate(tellSoon);
  void policies.takeOver();
}

try {
  await run();
} catch (error) {
  refuse(error);
}
send({ kind: 'ready' });
