// SPDX-License-Identifier: Apache-2.0
import type { TestContext } from 'vitest';
import { ATTACH, queryHook } from '../../src/kernel/bpf/links.ts';

const LOOPBACK = 1;

/** Skip the running test because the kernel lacks something, which was found by trying; reports tell `why`. */
export function skipFor(context: TestContext, why: string): never {
  Object.assign(context.task.meta, { skipped: why });
  return context.skip(why);
}

/** True when the kernel has tcx; `netns` is a descriptor of a namespace. */
export function hasTcx(netns: number): boolean {
  try {
    queryHook(netns, LOOPBACK, ATTACH.TCX_INGRESS);
    return true;
  } catch {
    return false;
  }
}
