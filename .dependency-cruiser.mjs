// SPDX-License-Identifier: Apache-2.0
// Who may import whom. A new edge is a decision: say why in docs/decisions and change the table here and in
// docs/architecture.md together.

/** Layer -> what it may import besides itself. `kernel/ports` is the interface file alone. */
const MAY_IMPORT = {
  base: [],
  codec: ['base'],
  model: ['base'],
  kinds: ['base', 'codec', 'model'],
  documents: ['base', 'model', 'kinds', 'plan', 'tuning'],
  plan: ['base', 'model', 'kinds'],
  policy: ['base', 'model', 'kinds'],
  tuning: ['base', 'model', 'kinds', 'plan'],
  metrics: ['base', 'model'],
  programs: ['base', 'codec', 'model'],
  kernel: ['base', 'codec'],
  observe: ['base', 'codec', 'model', 'kinds', 'metrics', 'programs', 'tuning', 'kernel/ports'],
  engine: [
    'base',
    'codec',
    'model',
    'kinds',
    'plan',
    'documents',
    'policy',
    'programs',
    'tuning',
    'kernel/ports',
  ],
  lab: ['base', 'codec', 'kernel/ports'],
  capture: ['base', 'codec', 'model', 'kernel/ports'],
  api: ['base', 'model', 'plan', 'policy'],
  http: ['base', 'model', 'api'],
  cli: ['base', 'model', 'api'],
};

const PURE = ['base', 'codec', 'model', 'kinds', 'plan', 'policy', 'metrics', 'programs', 'tuning'];

const layerRules = Object.entries(MAY_IMPORT).map(([layer, allowed]) => ({
  name: `${layer}-imports`,
  severity: 'error',
  comment: `${layer} may import ${allowed.join(', ') || 'nothing'}`,
  from: { path: `^src/${layer}/` },
  to: {
    path: '^src/',
    pathNot: [layer, ...allowed].map((name) => (name.includes('/') ? `^src/${name}\\.ts$` : `^src/${name}/`)),
  },
}));

/** Modules that nobody in src may use, each with its reason. */
const FORBIDDEN = {
  child_process: 'no sub-processes: talk netlink',
  cluster: 'one process',
  dgram: 'sockets live behind kernel/ports',
};

export default {
  forbidden: [
    ...layerRules,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'pure-layers-touch-no-node',
      severity: 'error',
      from: { path: `^src/(${PURE.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-layers-use-no-packages',
      severity: 'error',
      comment: 'typebox is the language of the schemas',
      from: { path: `^src/(${PURE.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional'], pathNot: 'node_modules/typebox/' },
    },
    ...Object.entries(FORBIDDEN).map(([name, comment]) => ({
      name: `no-${name}`,
      severity: 'error',
      comment,
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: `^(node:)?${name}$` },
    })),
    {
      name: 'dev-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
