// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { DropQuery, DropReport } from '../../api/schemas/drops.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { NDJSON, prefers } from '../accept.ts';
import type { EventStreams } from '../event-streams.ts';
import { linesBody, listBody } from '../list-body.ts';
import { brokenOff } from '../problem.ts';
import { type Call, get, JSON_TYPE } from '../route.ts';

const PCAPNG = 'application/x-pcapng';

/** `/v1/drops`: why packets are lost, and the flight recorder. */
export function dropRoutes(app: FastifyInstance, service: WeirService, streams: EventStreams): void {
  get(app, {
    url: '/v1/drops',
    access: 'read',
    tag: 'drops',
    summary: 'Packets that the kernel dropped, by reason, device, protocol and place, most first',
    query: DropQuery,
    response: DropReport,
    handle: async ({ query, reply }) => {
      reply.type(JSON_TYPE);
      return listBody(await service.drops(THIS_NODE, query));
    },
  });
  get(app, {
    url: '/v1/drops/packets',
    access: 'capture',
    tag: 'drops',
    summary: 'The last dropped packets with their first bytes, oldest first',
    query: DropQuery,
    response: { mediaType: NDJSON, description: 'One packet in JSON on each line' },
    alternative: {
      mediaType: PCAPNG,
      description: 'A capture file; the reason is in the comment of each packet',
    },
    noHead: true,
    handle: async (call) => {
      call.reply.header('vary', 'accept');
      const wantsFile = prefers(PCAPNG, call.request.headers.accept);
      return wantsFile ? file(service, call) : lines(service, call);
    },
  });
  get(app, {
    url: '/v1/drops/events',
    access: 'capture',
    tag: 'drops',
    summary: 'Dropped packets with their first bytes as they are recorded: some of many alike, all of a few',
    query: DropQuery,
    response: {
      mediaType: 'text/event-stream',
      description: 'A stream without end of `drop` and `gap` events; `Last-Event-ID` resumes',
    },
    noHead: true,
    handle: ({ query, request, reply }) =>
      streams.open(request, reply, (after, deliver) => service.followDrops(THIS_NODE, query, after, deliver)),
  });
}

/** An error before the first packet is an ordinary one. */
async function lines(service: WeirService, { query, request, reply }: Call<DropQuery>): Promise<Readable> {
  const batches = service.droppedPackets(THIS_NODE, query);
  const { value: first = [] } = await batches.next();
  reply.type(`${NDJSON}; charset=utf-8`);
  return linesBody(first, batches, (error) => brokenOff(error, request));
}

async function file(service: WeirService, { query, reply }: Call<DropQuery>): Promise<Readable> {
  const parts = service.dropCapture(THIS_NODE, query);
  const { value: first = new Uint8Array(0) } = await parts.next();
  reply.type(PCAPNG).header('content-disposition', 'attachment; filename="drops.pcapng"');
  return Readable.from(joined(first, parts), { objectMode: false });
}

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
