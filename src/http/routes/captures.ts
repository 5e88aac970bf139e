// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { validated } from '../../base/validate.ts';
import { CaptureList, CaptureParams, CaptureReport, CaptureRequest } from '../../model/capture.ts';
import { NDJSON, prefers } from '../accept.ts';
import { jsonBody } from '../body.ts';
import { callerOf } from '../caller.ts';
import { get, NO_QUERY, post, send } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';

const PCAPNG = 'application/x-pcapng';

/** `/v1/captures`: packets of devices, as a file or in words. */
export function captureRoutes(app: FastifyInstance, service: WeirService): void {
  post(app, {
    url: '/v1/captures',
    access: 'capture',
    tag: 'captures',
    summary: 'Capture packets of devices; the answer is the capture, and it ends with the connection',
    query: NO_QUERY,
    body: CaptureRequest,
    response: { mediaType: PCAPNG, description: 'A capture file (pcapng) as it is captured' },
    alternative: {
      mediaType: NDJSON,
      description:
        'One CapturedPacket in JSON on each line, between a CaptureReport at the beginning and one at the end; with `file` only CaptureReports',
    },
    problems: {
      400: 'CAPTURE_FILTER: the filter is wrong, with the place; VALUE: another part of the request is',
      404: 'NOT_FOUND: there is no such namespace or device',
      429: 'TOO_MANY: as many captures run as may',
      507: 'CAPTURE_SPACE: quota or file system are full',
    },
    handle: async ({ request, reply }) => {
      withoutTimeLimit(request);
      const wish = jsonBody(CaptureRequest, request);
      const lines = wish.file !== undefined || prefers(NDJSON, request.headers.accept);
      const options = { lines, caller: callerOf(request.raw), signal: goneSignal(reply) };
      const { id, parts } = await service.capture(THIS_NODE, wish, options);
      reply.type(lines ? `${NDJSON}; charset=utf-8` : PCAPNG).header('weir-capture', id);
      reply.header('vary', 'accept').header('x-accel-buffering', 'no');
      return Readable.from(parts, { objectMode: false });
    },
  });
  get(app, {
    url: '/v1/captures',
    access: 'capture',
    tag: 'captures',
    summary: 'Captures that run, and the last that ended',
    query: NO_QUERY,
    response: CaptureList,
    handle: () => service.captures(THIS_NODE),
  });
  send(app, 'DELETE', {
    url: '/v1/captures/:id',
    access: 'capture',
    tag: 'captures',
    summary: 'End a capture; its files stay',
    query: NO_QUERY,
    params: CaptureParams,
    response: CaptureReport,
    problems: { 404: 'NOT_FOUND: there is no such capture' },
    handle: ({ request }) => {
      const { id } = validated(CaptureParams, request.params, 'path');
      return service.stopCapture(THIS_NODE, id, callerOf(request.raw));
    },
  });
}

/** Aborted when the client has gone, or has all that it asked for. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  if (raw.closed || raw.destroyed) gone.abort();
  return gone.signal;
}
