// The floor plan of docs/architecture.md as a test: imports go down only, and a room is entered by its index.ts.
const floors = [
  { name: 'ground', rooms: ['model', 'errors', 'lib', 'config', 'log\\.ts', 'store', 'supervisor'] },
  {
    name: 'engines',
    rooms: [
      'account',
      'acme',
      'app',
      'domain',
      'repo',
      'buildpack',
      'slug',
      'config-vars',
      'dyno',
      'router',
      'logplex',
      'webhook',
      'source',
      'output-stream',
      'secret-key',
      'disk',
      'cgroup',
      'metrics',
      'network',
      'mirror',
    ],
  },
  { name: 'stages', rooms: ['build', 'release', 'formation', 'backup'] },
  { name: 'lifecycle', rooms: ['lifecycle', 'workbench'] },
  { name: 'edge', rooms: ['receiver', 'api', 'rendezvous', 'health', 'cli'] },
];
const inRooms = (rooms) => `^src/(${rooms.join('|')})(/|$)`;

const upward = floors.slice(0, -1).map((floor, i) => ({
  name: `${floor.name}-imports-upward`,
  severity: 'error',
  from: { path: inRooms(floor.rooms) },
  to: { path: inRooms(floors.slice(i + 1).flatMap((f) => f.rooms)) },
}));
const sideways = floors
  .filter((f) => f.name !== 'ground')
  .map((floor) => ({
    name: `${floor.name}-import-sideways`,
    severity: 'error',
    from: { path: `^src/(${floor.rooms.join('|')})/` },
    to: { path: inRooms(floor.rooms), pathNot: '^src/$1/' },
  }));

module.exports = {
  forbidden: [
    ...upward,
    ...sideways,
    {
      name: 'nobody-imports-the-top',
      severity: 'error',
      from: { path: '^src/.+/', pathNot: '^src/cli/' },
      to: { path: '^src/(main|open-platform|server)\\.ts$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'front-door-only',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/(model|errors|lib)/'] },
    },
    { name: 'model-is-pure', severity: 'error', from: { path: '^src/model/' }, to: { pathNot: '^src/model/' } },
    {
      name: 'only-edge-speaks-fastify',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(receiver|api|rendezvous|health)/', '^src/server\\.ts$'] },
      to: { path: 'node_modules/(fastify|@fastify)/' },
    },
    {
      name: 'only-lib-spawns',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/lib/', '^src/dyno/', '^src/supervisor/'] },
      to: { path: '^(node:)?child_process$|node_modules/(execa|node-pty)' },
    },
    {
      name: 'only-store-speaks-sql',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/(kysely|better-sqlite3|pg)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
