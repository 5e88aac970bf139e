// SPDX-License-Identifier: Apache-2.0
// A Program document out of the words of a command line.
import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { messageOf } from '../../base/errors.ts';

/** Flags of `weir program apply`. */
export interface ProgramFlags {
  readonly attach: readonly AttachFlag[];
  readonly set?: readonly (readonly [string, number | string | boolean])[];
  readonly order?: unknown;
  readonly mode?: string;
  readonly memory?: string;
  /** Base64. */
  readonly signature?: string;
  readonly netns?: string;
  readonly drift?: string;
}

/** `FUNCTION@HOOK:TARGET`. */
export interface AttachFlag {
  readonly program: string;
  readonly hook: string;
  readonly target: string;
}

/** Parses `ingress@tcx-ingress:eth0`. */
export function attachFlag(text: string): AttachFlag {
  const [, program = '', hook = '', target = ''] = /^([^@]+)@([a-z0-9-]+):(.+)$/.exec(text) ?? [];
  if (program !== '') return { program, hook, target };
  throw new InvalidArgumentError('write FUNCTION@HOOK:TARGET, as in filter@tcx-ingress:eth0.');
}

/** Parses `limit=100`. */
export function setFlag(text: string): readonly [string, number | string | boolean] {
  const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  const number = Number(value);
  if (name !== '' && /^-?\d+$/.test(value)) return [name, Number.isSafeInteger(number) ? number : value];
  throw new InvalidArgumentError('write NAME=NUMBER, NAME=true or NAME=false.');
}

/** The signature that a file holds, as bytes or in base64; in base64. */
export function signatureFlag(file: string): string {
  try {
    const bytes = readFileSync(file);
    return bytes.length === 64 ? bytes.toString('base64') : bytes.toString('latin1').trim();
  } catch (error) {
    throw new InvalidArgumentError(`${file}: ${messageOf(error)}.`);
  }
}

/** Parses `first`, `last`, `before:NAME`, `after:NAME`. */
export function orderFlag(text: string): unknown {
  if (text === 'first' || text === 'last') return text;
  const [, side = '', name] = /^(before|after):(.+)$/.exec(text) ?? [];
  if (name !== undefined) return { [side]: name };
  throw new InvalidArgumentError('write first, last, before:NAME or after:NAME.');
}

/** The document of these flags, for an object of this digest. */
export function programDocument(name: string, digest: string, flags: ProgramFlags): object {
  const { attach, set = [], netns, drift, memory, signature } = flags;
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Program',
    metadata: { name },
    spec: {
      ...(netns !== undefined && { netns }),
      ...(drift !== undefined && { drift }),
      object: { digest },
      ...(signature !== undefined && { signature: { value: signature } }),
      attach: attach.map((one) => attachment(one, flags)),
      ...(set.length > 0 && { variables: Object.fromEntries(set) }),
      ...(memory !== undefined && { limits: { memory } }),
    },
  };
}

function attachment({ program, hook, target }: AttachFlag, { order, mode }: ProgramFlags): object {
  const where = hook.startsWith('cgroup')
    ? { cgroup: target }
    : hook.includes('tracepoint')
      ? { tracepoint: target }
      : hook === 'fentry' || hook === 'fexit'
        ? { function: target }
        : target.includes('*')
          ? { select: { name: target } }
          : { devices: [target] };
  return {
    program,
    hook,
    ...where,
    ...(order !== undefined && hook.startsWith('tcx') && { order }),
    ...(mode !== undefined && hook === 'xdp' && { mode }),
  };
}
