// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { snakeCase } from './snake-case.ts';
import { WordScanner } from './word-scanner.ts';

/** Lines of /proc/net/xfrm_stat that node_exporter exposes (net/xfrm/xfrm_proc.c has more). */
const FIELDS = [
  ...['Error', 'BufferError', 'HdrError', 'NoStates', 'StateProtoError', 'StateModeError', 'StateSeqError'],
  ...['StateExpired', 'StateMismatch', 'StateInvalid', 'TmplMismatch', 'NoPols', 'PolBlock', 'PolError'],
]
  .map((field) => `In${field}`)
  .concat(
    ['Error', 'BundleGenError', 'BundleCheckError', 'NoStates', 'StateProtoError', 'StateModeError'].map(
      (field) => `Out${field}`,
    ),
    ['StateSeqError', 'StateExpired', 'StateInvalid', 'PolBlock', 'PolDead', 'PolError'].map(
      (field) => `Out${field}`,
    ),
    ['FwdHdrError', 'AcquireError'],
  );

const FAMILIES: ReadonlyMap<string, Family> = new Map(
  FIELDS.map((field) => [
    `Xfrm${field}`,
    {
      name: `node_xfrm_${snakeCase(field)}_packets_total`,
      help: `IPsec counter Xfrm${field}.`,
      type: 'counter',
      labels: [],
    } as const,
  ]),
);

/** IPsec errors, from /proc/net/xfrm_stat. */
export const xfrm: Collector = {
  name: 'xfrm',
  enabledByDefault: false,
  scope: 'netns',
  families: [...FAMILIES.values()],
  collect: collectXfrm,
};

async function collectXfrm(source: Source, out: Exposition): Promise<void> {
  const scanner = new WordScanner(await source.proc('net/xfrm_stat'), 'net/xfrm_stat');
  while (scanner.nextLine()) {
    scanner.nextWord();
    const family = FAMILIES.get(scanner.text());
    if (family !== undefined) out.family(family).add([], scanner.number());
  }
}
