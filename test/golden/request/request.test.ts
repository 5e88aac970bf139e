// SPDX-License-Identifier: Apache-2.0
// What Weir sends for an item is what iproute2 sends for the same thing. A case is a folder:
//   command      the line that was recorded (record.sh); `setup` goes before it
//   item.yaml    class, item (as in a document), and if needed: ifindex, message, op, before, declared, differences
//   request.bin  the recorded message
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { complaints } from '../../../src/base/validate.ts';
import { objectClass } from '../../../src/kinds/classes.ts';
import type { ClassName, Spec } from '../../../src/model/object.ts';
import { recordingSink } from '../../helpers/recording-sink.ts';
import { requestDifferences } from './attribute-tree.ts';

interface Case {
  readonly class: ClassName;
  readonly item: Spec;
  /** Class whose object of the item is meant, where it is not `class`. */
  readonly declared?: ClassName;
  readonly ifindex?: Readonly<Record<string, number>>;
  /** Which of the messages that are written, from 0. */
  readonly message?: number;
  readonly op?: 'create' | 'change' | 'remove';
  /** With `change`: the item as it is. */
  readonly before?: Spec;
  /** Differences that are meant: the path of the attribute numbers, and why. */
  readonly differences?: readonly { readonly path: string; readonly because: string }[];
}

const NLMSG_HDRLEN = 16;
const GENL_HDRLEN = 4;
const here = new URL('.', import.meta.url);
const folders = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe('requests', () => {
  test.for(folders.map((folder) => folder.name))('%s', (name) => {
    const file = (path: string) => readFileSync(new URL(`${name}/${path}`, here));
    const one = parse(file('item.yaml').toString()) as Case;
    const golden = file('request.bin');
    const message = messagesOf(one)[one.message ?? 0];
    if (message === undefined) throw new Error('nothing was written');
    const meant = one.differences ?? [];
    const found = differencesOf(message, golden);
    const paths = found.map((text) => text.slice(0, text.indexOf(':')));
    expect(found.filter((_, i) => !meant.some(({ path }) => path === paths[i]))).toEqual([]);
    expect(meant.filter(({ path }) => !paths.includes(path))).toEqual([]);
  });
});

function messagesOf(one: Case) {
  const { op = 'create' } = one;
  const after = specOf(one, one.item);
  const before = one.before === undefined ? after : specOf(one, one.before);
  const { sink, operations } = recordingSink(one.ifindex);
  const change = { op, ...(op !== 'create' && { before }), ...(op !== 'remove' && { after }) };
  objectClass(one.declared ?? one.class).write(change, sink);
  return operations.filter((operation) => operation.op !== 'other');
}

/** The number of a generic netlink family is the kernel's; its command stands in the header behind. */
function differencesOf(message: ReturnType<typeof messagesOf>[number], golden: Buffer): readonly string[] {
  if (message.op === 'genl') {
    expect(message.command).toBe(golden[NLMSG_HDRLEN]);
    return requestDifferences(0, message.payload, golden.subarray(NLMSG_HDRLEN + GENL_HDRLEN));
  }
  expect(message.type).toBe(golden.readUInt16LE(4));
  return requestDifferences(message.type, message.payload, golden.subarray(NLMSG_HDRLEN));
}

function specOf(one: Case, item: Spec): Spec {
  const kind = objectClass(one.class);
  if (kind.section !== undefined) expect(complaints(kind.section.schema, item)).toEqual([]);
  const problems: string[] = [];
  const declared = kind.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  expect(problems).toEqual([]);
  const found = declared.find((object) => object.class === (one.declared ?? one.class));
  if (found === undefined) throw new Error('the item declares nothing');
  return found.spec;
}
