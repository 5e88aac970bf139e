// SPDX-License-Identifier: Apache-2.0
// An engine on the real kernel in this process, with a hook before each step that it sends.
import { join } from 'node:path';
import { pathTo } from '../../src/agent/engine/caller-path.ts';
import { deviceIdentities } from '../../src/agent/engine/device-identities.ts';
import { OpenNamespaces } from '../../src/agent/engine/open-namespaces.ts';
import { requestPaths } from '../../src/agent/request-paths.ts';
import { parseDocuments } from '../../src/documents/parse.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createExecutor } from '../../src/engine/execute/executor.ts';
import { noPolicies } from '../../src/engine/fake/no-policies.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { createProgramHost } from '../../src/kernel/bpf/program-host.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { openNetlinkTransport } from '../../src/kernel/netlink-transport.ts';
import type { MessageBatch, NetlinkTransport } from '../../src/kernel/ports.ts';
import { unsupportedFeatures } from '../../src/observe/state/features.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import type { Document } from '../../src/plan/document.ts';

/** Called before each batch of rtnetlink messages: what it throws is what the kernel says to it. */
export type BeforeStep = (batch: MessageBatch) => void;

export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly reader: EngineParts['reader'];
  /** Called before each step; replace it to make steps fail. */
  beforeStep: BeforeStep;
  readonly events: unknown[];
}

/** An engine whose journal is in `directory`, in this boot of the machine unless `boot` names another. */
export function testEngine(
  directory: string,
  boot = 'this boot',
  pinDir = '/sys/fs/bpf/weir-test',
  keyDir?: string,
): TestEngine {
  const programs = createProgramHost({
    stateDir: directory,
    pinDir,
    ...(keyDir !== undefined && { keyDir }),
  });
  const hooks = { beforeStep: (() => {}) as BeforeStep };
  const open = new OpenNamespaces(
    namespaces({
      resolvePath: requestPaths,
      openTransport: async (netns, protocol) =>
        watched(openNetlinkTransport(netns, protocol, requestPaths(protocol)), hooks),
    }),
  );
  const reader = createStateReader(open.port, programs);
  const events: unknown[] = [];
  const engine = new Engine({
    journal: join(directory, 'journal.db'),
    reader,
    executor: createExecutor((name) => open.open(name), { programs, policies: noPolicies }),
    programs,
    policies: noPolicies,
    open: (name) => open.open(name),
    devices: async (name) => deviceIdentities(await open.open(name)),
    unsupported: async (features) => unsupportedFeatures(await open.open(''), features),
    pathTo: async (peer) => pathTo(await open.open(''), peer),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    boot,
    publish: (event) => void events.push(event),
    warn: () => {},
  });
  return Object.assign(hooks, {
    engine,
    reader,
    events,
    async [Symbol.asyncDispose]() {
      engine.close();
      await open.close();
    },
  });
}

/** Documents of a YAML or JSON text. */
export function documentsIn(text: string): readonly Document[] {
  const { documents, problems } = parseDocuments([{ name: 'test.yaml', text }]);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return documents;
}

function watched(transport: NetlinkTransport, hooks: { readonly beforeStep: BeforeStep }): NetlinkTransport {
  return {
    protocol: transport.protocol,
    request: (request) => transport.request(request),
    dump: (request, message, options) => transport.dump(request, message, options),
    subscribe: (groups, handlers, options) => transport.subscribe(groups, handlers, options),
    close: () => transport.close(),
    async submit(batch, options) {
      try {
        hooks.beforeStep(batch);
      } catch (error) {
        return [{ index: 0, error: error as Error }];
      }
      return transport.submit(batch, options);
    },
  };
}
