// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** XDP programs that run in the stack since the driver of their device cannot run them. */
export function* xdpFallback({ input }: Outlook): Iterable<Diagnostic> {
  for (const { id, class: name, spec, origin } of input.desired) {
    if (name !== 'attachment' || spec['hook'] !== 'xdp' || spec['mode'] !== undefined) continue;
    if (input.observed.get(id)?.spec['mode'] !== 'generic') continue;
    const message = `the driver of ${spec['dev']} runs no XDP: ${spec['program']} runs in the stack (generic), later and slower`;
    yield { severity: 'note', code: 'XDP_GENERIC', message, id, origin };
  }
}
