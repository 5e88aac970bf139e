// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { CaptureOutput, CaptureService } from '../../api/capture-service.ts';
import type { DropsService } from '../../api/drops-service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { bytesOf } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../base/errors.ts';
import { type Capture, Captures } from '../../capture/captures.ts';
import { FileSink } from '../../capture/file-sink.ts';
import { CaptureFolder } from '../../capture/folder.ts';
import type { CaptureSession } from '../../capture/session.ts';
import type { CaptureReport, CaptureRequest } from '../../model/capture.ts';
import type { NamespaceSet } from '../../observe/namespace-set.ts';
import type { Settings } from '../config/schema.ts';
import type { AgentLog } from '../log.ts';
import { requireThisNode } from '../service/service.ts';
import { droppedBlocks } from './dropped-blocks.ts';
import { packetLines } from './lines.ts';
import { openSession } from './open-session.ts';
import { openTrigger } from './triggers.ts';

/** What captures stand on. */
export interface CaptureParts {
  readonly namespaces: NamespaceSet;
  readonly drops: DropsService;
  readonly settings: Settings;
  readonly version: string;
  readonly clock: Clock;
  readonly log: AgentLog['log'];
}

/** Milliseconds between reports on a capture that is written to files. */
const REPORT_MS = 1_000;
/** Milliseconds that one that was stopped gets for what is on its way. */
const STOP_MS = 2_000;

/** Captures of the node that the agent runs on. */
export class AgentCaptures {
  readonly #parts: CaptureParts;
  readonly #captures: Captures;
  readonly #folder: CaptureFolder;
  readonly #writing = new Map<string, Promise<void>>();

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    const { capture, stateDir } = parts.settings;
    this.#folder = new CaptureFolder({
      directory: capture.directory ?? join(stateDir, 'captures'),
      quotaBytes: capture.quotaBytes,
      minFreeBytes: capture.minFreeBytes,
    });
    this.#captures = new Captures({
      most: capture.concurrent,
      log: (report, event) => parts.log.info({ capture: report }, `capture ${report.id} ${event}`),
    });
  }

  service(): CaptureService {
    return {
      capture: (...args) => this.#capture(...args),
      stopCapture: (...args) => this.#stop(...args),
      captures: async (target) => {
        requireThisNode(target);
        return { items: [...this.#captures.list()] };
      },
    };
  }

  async #stop(...[target, id, caller]: Parameters<CaptureService['stopCapture']>): Promise<CaptureReport> {
    requireThisNode(target);
    const capture = this.#captures.get(id);
    capture.session.end({ reason: 'stopped', detail: `stopped by ${caller.who}` });
    await capture.session.stopped(STOP_MS);
    await this.#writing.get(id);
    this.#captures.tell();
    return capture.report();
  }

  async #capture(
    ...[target, request, options]: Parameters<CaptureService['capture']>
  ): Promise<CaptureOutput> {
    requireThisNode(target);
    checked(request);
    const { lines, caller, signal } = options;
    const sink = request.file && new FileSink(this.#folder, request.file);
    const capture = await this.#captures.start(caller.who, async () => {
      const session = await this.#open(request, sink !== undefined || !lines);
      try {
        await sink?.open(session);
        return { session, ...(sink !== undefined && { sink }) };
      } catch (error) {
        session.close();
        throw error;
      }
    });
    if (request.detach !== true) endWith(signal, capture.session);
    if (sink !== undefined) this.#write(capture, sink);
    const parts = sink ? this.#reports(capture, request.detach === true) : this.#packets(capture, lines);
    return { id: capture.id, parts };
  }

  #open(request: CaptureRequest, toFile: boolean): Promise<CaptureSession> {
    const { namespaces, version, settings, drops, clock } = this.#parts;
    return openSession(request, {
      namespaces,
      version,
      bufferBytes: settings.capture.bufferBytes,
      toFile,
      now: clock.now,
      extra: async (places, first) => (request.drops ? droppedBlocks(drops, places, first) : undefined),
      trigger: async (places) =>
        request.trigger &&
        openTrigger(request.trigger, places, {
          namespaces,
          drops: async (netns, reason) =>
            (await drops.drops(THIS_NODE, { netns, ...(reason !== undefined && { reason: [reason] }) }))
              .items,
        }),
    });
  }

  #write(capture: Capture, sink: FileSink): void {
    const written = sink.write(capture.session).finally(() => {
      this.#writing.delete(capture.id);
      this.#captures.tell();
    });
    this.#writing.set(capture.id, written);
  }

  async *#packets(capture: Capture, lines: boolean): AsyncGenerator<Uint8Array, void> {
    const { session } = capture;
    try {
      if (lines) yield line(capture.report());
      else if (session.state !== 'waiting') yield session.header();
      let begun = session.state !== 'waiting';
      for await (const portion of session.packets()) {
        if (lines) yield bytesOf(packetLines(portion, session.interfaces));
        else {
          if (!begun) yield session.header();
          // it is used again for the next one while this one waits for the client
          yield portion.slice();
        }
        begun = true;
      }
      if (!lines && !begun) yield session.header();
      yield lines ? line(capture.report()) : session.trailer();
    } finally {
      session.close();
      this.#captures.tell();
    }
  }

  async *#reports(capture: Capture, once: boolean): AsyncGenerator<Uint8Array, void> {
    yield line(capture.report());
    const written = this.#writing.get(capture.id);
    if (once || written === undefined) return;
    try {
      while (this.#writing.has(capture.id)) {
        await Promise.race([written, new Promise((resolve) => setTimeout(resolve, REPORT_MS).unref())]);
        yield line(capture.report());
      }
    } finally {
      capture.session.end({ reason: 'client', detail: 'the client has gone' });
    }
  }

  /** End all captures; their files are whole then. */
  async close(): Promise<void> {
    this.#captures.endAll({ reason: 'agent', detail: 'the agent ends' });
    await Promise.all(this.#writing.values());
  }
}

function line(report: CaptureReport): Uint8Array {
  return bytesOf(`${JSON.stringify(report)}\n`);
}

function endWith(signal: AbortSignal, session: CaptureSession): void {
  const end = () => session.end({ reason: 'client', detail: 'the client has gone' });
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}

/** What the schema cannot say. */
function checked({ detach, file, trigger, devices }: CaptureRequest): void {
  if (detach === true && file === undefined)
    throw new WeirError('VALUE', { what: 'detach', problem: 'needs `file`: nobody would get the packets' });
  if (trigger?.reason !== undefined && trigger.on !== 'drops')
    throw new WeirError('VALUE', { what: 'trigger.reason', problem: 'is of `on: drops` only' });
  if (trigger?.device !== undefined && trigger.on === 'retransmits')
    throw new WeirError('VALUE', {
      what: 'trigger.device',
      problem: 'is not of `on: retransmits`: they are counted for the whole namespace',
    });
  if (file?.files !== undefined && (file.rotateBytes ?? file.rotateSeconds) === undefined)
    throw new WeirError('VALUE', {
      what: 'file.files',
      problem: 'needs `rotateBytes` or `rotateSeconds`: there is one file only',
    });
  const names = devices.map(({ netns = '', device }) => `${netns}/${device}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new WeirError('VALUE', { what: 'devices', problem: `${twice} is there twice` });
}
