// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// Floods the queues of CPUs, which packets of other namespaces go through as well.
const ALONE = 'test/netns/advice-machine.test.ts';

// Tests on the real kernel work in namespaces of their own, so files run in parallel everywhere.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    // no bpffs: what agents of tests load ends with them, unless a test mounts one of its own
    env: { WEIR_PIN_DIR: '/run/weir-tests' },
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts', 'tools/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'kernel',
          include: ['test/{contract,netns,fuzz,golden,e2e,policy}/**/*.test.ts'],
          exclude: [ALONE],
        },
      },
      { extends: true, test: { name: 'alone', include: [ALONE], sequence: { groupOrder: 1 } } },
    ],
  },
});
