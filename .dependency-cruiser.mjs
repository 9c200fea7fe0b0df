// Who may import whom (ARCHITECTURE.md). Type-only imports count. test/house/imports.test.ts breaks every rule once.

/** Packages, and the packages that each may import. */
const PACKAGES = {
  wire: [],
  base: [],
  runner: ['wire', 'base'],
  carry: ['wire', 'base', 'runner'],
  gateway: ['wire', 'base'],
  agent: ['wire', 'base', 'carry', 'gateway'],
  client: ['wire'],
  cli: ['wire', 'base', 'client', 'agent'],
};

/** What others may import of a package. */
const ENTRIES = ['index.ts', 'http/index.ts', 'commands/index.ts'];

const BELOW_KERNEL = ['model', 'ports', 'alloc', 'files', 'runner-link', 'node'];
/** Folders of the agent, and the folders that each may import beside itself. Only agent.ts and what runs it see more. */
const LAYERS = {
  model: [],
  ports: ['model'],
  alloc: ['model', 'ports'],
  files: ['model', 'ports'],
  'runner-link': ['model', 'ports'],
  node: ['model', 'ports', 'alloc'],
  kernel: BELOW_KERNEL,
  reconcile: [...BELOW_KERNEL, 'kernel'],
  'host-image': ['ports'],
  adapters: ['model', 'ports', 'host-image'],
  config: ['model', 'ports'],
  'manager-link': ['model', 'ports', 'alloc', 'node', 'files'],
};

/** Packages of others, and the one place (or few) that may import each. What is not named here may not be imported. */
const OUTSIDE = {
  zod: ['wire/src/http', 'runner/src', 'agent/src/config', 'agent/src/model', 'agent/src/manager-link'],
  dockerode: ['agent/src/adapters/docker'],
  'tar-stream': ['agent/src/adapters/docker'],
  etcd3: ['agent/src/adapters/etcd'],
  '@redis/client': ['agent/src/adapters/redis'],
  zeromq: ['agent/src/manager-link/transport', 'agent/src/adapters/kernel-runner'],
  '@aws-sdk/client-s3': ['agent/src/adapters/s3'],
  '@aws-sdk/lib-storage': ['agent/src/adapters/s3'],
  snappy: ['agent/src/manager-link/transport'],
  yaml: ['agent/src/manager-link/metadata'],
  'smol-toml': ['agent/src/config'],
  '@lydell/node-pty': ['carry/src'],
  pino: ['agent/src/commands', 'agent/src/config'],
  fastify: ['gateway/src'],
  '@fastify/websocket': ['gateway/src'],
  ws: ['gateway/src', 'client/src'],
  'yocto-spinner': ['cli/src'],
};

const src = (name) => `^packages/${name}/src/`;
const agent = (folder) => `^packages/agent/src/${folder}/`;
const anyOf = (names) => `(${names.join('|')})`;
const TEST_FILES = '\\.test\\.ts$';
const TEST_CODE = '(\\.test\\.ts$|^packages/[^/]+/(testing|test)/|^test/)';

/** Modules that nobody needs to import: entries, and what runs as a process of its own. */
const STARTS = `^packages/[^/]+/src/${anyOf([...ENTRIES, 'main.ts', 'adapters/kernel-runner/keeper-main.ts'])}$`;

const packageRules = Object.entries(PACKAGES).map(([name, allowed]) => ({
  name: `package-${name}`,
  comment: `packages/${name} may import ${allowed.join(', ') || 'no other package'}`,
  severity: 'error',
  from: { path: src(name), pathNot: TEST_FILES },
  to: { path: '^packages/', pathNot: `^packages/${anyOf([name, ...allowed])}/src/` },
}));

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `agent-${folder}`,
  comment: `${folder}/ of the agent may import ${allowed.join(', ') || 'no other folder'}`,
  severity: 'error',
  from: { path: agent(folder), pathNot: TEST_FILES },
  to: { path: '^packages/agent/src/', pathNot: agent(anyOf([folder, ...allowed])) },
}));

const outsideRules = Object.entries(OUTSIDE).map(([name, places]) => ({
  name: `outside-${name.replace(/[@/]+/g, '-').replace(/^-/, '')}`,
  comment: `${name} stays in ${places.join(', ')}`,
  severity: 'error',
  from: { path: '^packages/[^/]+/src/', pathNot: [`^packages/${anyOf(places)}/`, TEST_FILES] },
  to: { path: `(^|/)node_modules/(@types/)?${name}/` },
}));

const rules = [
  ...packageRules,
  ...layerRules,
  ...outsideRules,
  {
    name: 'outside-unknown',
    comment: 'a package of others has one named place (OUTSIDE above, docs/dependencies.md)',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/', pathNot: TEST_FILES },
    to: {
      path: '(^|/)node_modules/',
      pathNot: `(^|/)node_modules/(@types/)?${anyOf([...Object.keys(OUTSIDE), 'node'])}/`,
    },
  },
  {
    name: 'entries-only',
    comment: 'other packages are imported through their entry, never from their inside',
    severity: 'error',
    from: { path: '^packages/([^/]+)/src/', pathNot: TEST_FILES },
    to: { path: '^packages/[^/]+/src/', pathNot: ['^packages/$1/', `^packages/[^/]+/src/${anyOf(ENTRIES)}$`] },
  },
  {
    name: 'adapters-apart',
    comment: 'adapters never import each other',
    severity: 'error',
    from: { path: '^packages/agent/src/adapters/([^/]+)/' },
    to: { path: '^packages/agent/src/adapters/', pathNot: '^packages/agent/src/adapters/$1/' },
  },
  {
    name: 'adapters-only-at-root',
    comment: 'only agent.ts and the commands, which put things together, know adapters',
    severity: 'error',
    from: { path: src('agent'), pathNot: ['^packages/agent/src/(adapters/|agent\\.ts$|commands/)', TEST_FILES] },
    to: { path: '^packages/agent/src/adapters/' },
  },
  {
    name: 'front-only-at-root',
    comment: 'carry and gateway are put together with the agent in agent.ts and commands/ only',
    severity: 'error',
    from: { path: src('agent'), pathNot: ['^packages/agent/src/(agent\\.ts$|commands/)', TEST_FILES] },
    to: { path: '^packages/(carry|gateway)/' },
  },
  {
    name: 'cli-lazy-agent',
    comment: 'the command line loads the node commands when they are asked for, and nothing else of the agent',
    severity: 'error',
    from: { path: src('cli'), pathNot: TEST_FILES },
    to: { path: src('agent'), dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'] },
  },
  {
    name: 'pure',
    comment: "wire runs in a browser and the agent's model decides: neither touches Node",
    severity: 'error',
    from: { path: ['^packages/wire/src/', '^packages/agent/src/model/'], pathNot: TEST_FILES },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'no-test-code',
    comment: 'what ships imports no fakes and no test helpers',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/', pathNot: TEST_FILES },
    to: { path: TEST_CODE },
  },
  {
    name: 'no-circles',
    comment: 'no circles, type-only imports included',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'resolvable',
    comment: 'every import leads somewhere',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'reached',
    comment: 'no module lives for its tests alone: each is reached from an entry or a main file',
    severity: 'error',
    from: { path: STARTS },
    to: { path: '^packages/[^/]+/src/', pathNot: [TEST_FILES, STARTS], reachable: false },
  },
  {
    name: 'declared',
    comment: 'a package is in the package.json of who imports it',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/', pathNot: TEST_FILES },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
  },
];

export default {
  forbidden: rules,
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^packages/[^/]+/(dist|bundle)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
