// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// What a guest of test/vm runs, on an emulated processor: one file after the other in one process, with patience. The
// host transforms the sources beforehand (`vitest list` with this file).
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    env: { WEIR_PIN_DIR: '/run/weir-tests' },
    include: ['test/{contract,netns,golden,e2e}/**/*.test.ts', 'test/vm/guest/**/*.test.ts'],
    fsModuleCache: true,
    fsModuleCachePath: '.cache/vm/transformed',
  },
});
