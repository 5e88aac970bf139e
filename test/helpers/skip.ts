// SPDX-License-Identifier: Apache-2.0
import type { TestContext } from 'vitest';

/** Skip the running test because the kernel lacks something, which was found by trying; reports tell `why`. */
export function skipFor(context: TestContext, why: string): never {
  Object.assign(context.task.meta, { skipped: why });
  return context.skip(why);
}
