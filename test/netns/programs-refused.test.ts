// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isWeirError, messageOf } from '../../src/base/errors.ts';
import { functionsIn } from '../../src/kernel/bpf/host/inspect.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import {
  COUNTER,
  counterObject,
  type ProgramBench,
  programBench,
  programDocument,
} from '../helpers/program-bench.ts';
import { skipFor } from '../helpers/skip.ts';

let bench: ProgramBench;
let good: Buffer;

beforeAll(async () => {
  bench = await programBench();
  good = counterObject();
});
afterAll(() => bench[Symbol.asyncDispose]());

const LOOP = `${PRELUDE}
SEC("tcx/ingress") int ingress(struct __sk_buff *skb) { return *(int *)(long)skb->data; }
`;
const FUNCTION = `${PRELUDE}
SEC("fentry/icmp_rcv") int entered(void *ctx) { return 0; }
`;
const attach = [{ program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] }];

interface Bad {
  readonly what: string;
  readonly bytes?: () => Uint8Array;
  readonly spec?: (object: { readonly digest: string; readonly path: string }) => object;
  readonly error: RegExp;
}

const BAD: readonly Bad[] = [
  { what: 'a truncated ELF', bytes: () => good.subarray(0, good.length / 2), error: /it is cut off/ },
  { what: 'no ELF', bytes: () => Buffer.from('#!/bin/sh\n'.repeat(20)), error: /it is no ELF file/ },
  {
    what: 'another architecture',
    bytes: () => Buffer.from(good).fill(62, 18, 19),
    error: /for the ELF machine 62, not for eBPF/,
  },
  { what: 'no BTF', bytes: () => bpfObject(COUNTER, ['-g0']), error: /no BTF|needs BTF|without BTF|BTF/ },
  {
    what: 'what the verifier rejects',
    bytes: () => bpfObject(LOOP),
    error: /refuses the eBPF program ingress: /,
  },
  {
    what: 'an unknown section',
    bytes: () => bpfObject(COUNTER.replace('SEC("tc")', 'SEC("tcy/up")')),
    error: /program either is in the unknown section "tcy\/up", known are tc, /,
  },
  {
    what: 'a map that is too large',
    spec: (object) => ({
      object,
      attach,
      maps: { seen: { max_entries: 1_000_000 } },
      limits: { memory: '1MiB' },
    }),
    error: /its maps take \d+ bytes of memory and limits.memory is 1048576; seen has \d+ of them/,
  },
  {
    what: 'a map beyond sense without a limit',
    spec: (object) => ({ object, attach, maps: { seen: { max_entries: 2 ** 31 } } }),
    error: /its maps take \d+ bytes of memory and limits.memory is 1073741824; seen has/,
  },
  {
    what: 'what locks more than its limit',
    spec: (object) => ({ object, attach, limits: { memory: '512B' } }),
    error: /it locks \d+ bytes of memory and limits.memory is 512; [\w.]+ has \d+ of them/,
  },
  {
    what: 'too many instructions',
    spec: (object) => ({ object, attach, limits: { instructions: 3 } }),
    error: /the verifier looked at \d+ instructions of \w+ and limits.instructions is 3/,
  },
  {
    what: 'the wrong digest',
    spec: ({ path }) => ({ object: { digest: `sha256:${'0'.repeat(64)}`, path }, attach }),
    error: /has the digest sha256:[0-9a-f]{64}, not sha256:0{64}/,
  },
  {
    what: 'a missing file',
    spec: () => ({ object: { digest: `sha256:${'1'.repeat(64)}`, path: '/nonexistent.o' }, attach }),
    error: /\/nonexistent.o cannot be read: ENOENT/,
  },
  {
    what: 'an object that was never uploaded',
    spec: () => ({ object: { digest: `sha256:${'2'.repeat(64)}` }, attach }),
    error: /the store has none with sha256:2+: upload it to/,
  },
  {
    what: 'an unknown function',
    spec: (object) => ({ object, attach: [{ ...attach[0], program: 'absent' }] }),
    error: /it has no program "absent", but ingress, either, early/,
  },
  {
    what: 'a function of another hook',
    spec: (object) => ({ object, attach: [{ ...attach[0], program: 'early' }] }),
    error: /early is in the section "xdp", and tcx-ingress takes tc, tcx, classifier/,
  },
  {
    what: 'an unknown device',
    spec: (object) => ({ object, attach: [{ ...attach[0], devices: ['v9'] }] }),
    error: /needs .*link v9, which neither exists nor is declared/,
  },
  {
    what: 'an unknown map',
    spec: (object) => ({ object, attach, maps: { blocked: { entries: [], max_entries: 3 } } }),
    error: /it has no map "blocked", but seen/,
  },
  {
    what: 'an entry of the wrong size',
    spec: (object) => ({ object, attach, maps: { seen: { entries: [{ key: '00', value: '00' }] } } }),
    error: /keys of its map seen have 4 bytes, not 1: 00/,
  },
  {
    what: 'an unknown constant',
    spec: (object) => ({ object, attach, variables: { pace: 3 } }),
    error: /it has no constant "pace"/,
  },
  {
    what: 'a function of the kernel that is not named',
    bytes: () => bpfObject(FUNCTION),
    spec: (object) => ({ object, attach: [{ program: 'entered', hook: 'fentry' }] }),
    error: /attach.0.function.*is missing: name the function of the kernel/,
  },
  {
    what: 'a function of the kernel that the section does not name',
    bytes: () => bpfObject(FUNCTION),
    spec: (object) => ({ object, attach: [{ program: 'entered', hook: 'fentry', function: 'tcp_connect' }] }),
    error: /section "fentry\/icmp_rcv", which is not for the function tcp_connect/,
  },
  {
    what: 'a function that the kernel does not have',
    bytes: () => bpfObject(FUNCTION.replaceAll('icmp_rcv', 'icmp_rvc')),
    spec: (object) => ({ object, attach: [{ program: 'entered', hook: 'fentry', function: 'icmp_rvc' }] }),
    error: /icmp_rvc/,
  },
  {
    what: 'a mode of a hook that has none',
    spec: (object) => ({ object, attach: [{ ...attach[0], mode: 'native' }] }),
    error: /attach.0.mode.*is for the hook xdp/,
  },
];

async function refusalOf(document: object): Promise<string> {
  try {
    const { error } = await bench.apply(document);
    return `applied: ${error}`;
  } catch (error) {
    expect(isWeirError(error)).toBe(true);
    return messageOf(error);
  }
}

function mustBeClean(): void {
  const pins = join(bench.pinDir, 'programs');
  expect(existsSync(pins) ? readdirSync(pins) : []).toEqual([]);
  expect(bench.test.engine.parts.programs.installed()).toEqual([]);
  expect(bench.test.engine.journal.current).toBe(0);
}

test.for(BAD)('$what is refused before anything is changed', async ({ bytes, spec, error }) => {
  const object = bench.object(bytes?.() ?? good);
  const document = programDocument(bench.ns.name, 'bad', spec?.(object) ?? { object, attach });
  expect(await refusalOf(document)).toMatch(error);
  mustBeClean();
});

test('functions of the kernel, where it lets nobody onto them', async (context) => {
  const object = bench.object(bpfObject(FUNCTION));
  const document = programDocument(bench.ns.name, 'bad', {
    object,
    attach: [{ program: 'entered', hook: 'fentry', function: 'icmp_rcv' }],
  });
  const refusal = await refusalOf(document);
  if (refusal === 'applied: undefined') {
    await bench.apply();
    skipFor(context, 'this kernel lets programs onto its functions');
  }
  expect(refusal).toMatch(/is not available: the kernel (takes no programs of its kind|lets nobody onto)/);
  mustBeClean();
});

test('the log of the verifier is there for who wants it', async () => {
  const object = bench.object(bpfObject(LOOP));
  const error = await bench
    .apply(programDocument(bench.ns.name, 'bad', { object, attach }))
    .catch((one) => one);
  expect(error).toMatchObject({ code: 'BPF_VERIFIER', details: { program: 'ingress' } });
  expect(error.details.log).toContain('processed');
});

test('an object is signed by the key that its document names, or refused', async () => {
  const keys = generateKeyPairSync('ed25519');
  const other = generateKeyPairSync('ed25519');
  const key = join(bench.directory, 'key.pub');
  writeFileSync(key, keys.publicKey.export({ type: 'spki', format: 'pem' }));
  const object = bench.object(good);
  const signed = (by: typeof keys) =>
    programDocument(bench.ns.name, 'bad', {
      object,
      attach,
      signature: { key, value: sign(null, good, by.privateKey).toString('base64') },
    });
  expect(await refusalOf(signed(other))).toMatch(/its signature is not of the key in .*key.pub/);
  mustBeClean();
  expect(await bench.apply(signed(keys))).toMatchObject({ status: 'confirmed' });
  expect((await bench.plan(signed(keys))).actions).toEqual([]);
});

test('an agent with keys loads only what one of them has signed', async () => {
  await using strict = await programBench('keys');
  const [ours, others] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  mkdirSync(join(strict.directory, 'keys'));
  const pem = ours.publicKey.export({ type: 'spki', format: 'pem' });
  writeFileSync(join(strict.directory, 'keys', 'ours.pub'), pem);
  const object = strict.object(good);
  const document = (by?: typeof ours) =>
    programDocument(strict.ns.name, 'guard', {
      object,
      attach,
      ...(by && { signature: { value: sign(null, good, by.privateKey).toString('base64') } }),
    });
  await expect(strict.plan(document())).rejects.toThrow(/it is not signed, and this agent loads what one of/);
  await expect(strict.apply(document(others))).rejects.toThrow(/its signature is of none of the 1 keys in/);
  expect(strict.test.engine.parts.programs.installed()).toEqual([]);
  expect(await strict.apply(document(ours))).toMatchObject({ status: 'confirmed' });
});

test('damage to an object is told as such, wherever it is', () => {
  let refused = 0;
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(good.subarray(0, i % 3 === 0 ? random(good.length) : good.length));
    for (let flips = 1 + random(4); flips > 0 && bytes.length > 0; flips--)
      bytes[i % 2 === 0 ? random(Math.min(64, bytes.length)) : random(bytes.length)] = random(256);
    try {
      functionsIn(bytes);
    } catch (error) {
      expect(isWeirError(error, 'BPF_OBJECT')).toBe(true);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(500);
});
