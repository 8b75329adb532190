/**
 * The folders of src/, layer by layer: a folder knows itself, the layers below, and the neighbours that it names. Of
 * configuration, state, drivers and modules the others see only the contracts. docs/architecture.md describes each.
 */
const room = (name) => `^src/${name}/`;

/** What stands below all rooms that do something: plain words and rules, and the contracts. */
const KERNEL = room('kernel');
const MODEL = room('model');
const WORDS = [KERNEL, MODEL];
const CONFIG = '^src/config/config\\.ts$';
const STATE = '^src/state/contract\\.ts$';
const DRIVERS = [
  '^src/drivers/[^/]+/contract\\.ts$',
  '^src/drivers/(table|hosts)\\.ts$',
  room('drivers/shared'),
];
/** What a driver says of itself to the configuration, and the list of a kind's drivers, which loads none of them. */
const DRIVERS_CONFIG = [
  '^src/drivers/[^/]+/[^/]+/config\\.ts$',
  '^src/drivers/[^/]+/(section|keys|part|ssh-config)\\.ts$',
  '^src/drivers/registry\\.ts$',
  '^src/drivers/[^/]+/registry\\.ts$',
];
/** What a driver's keys are made of. */
const CONFIG_KEYS = '^src/config/(building-blocks|patterns|loaded|driver-part)\\.ts$';
const KIT = room('modules/kit');
const CONTRACTS = [...WORDS, CONFIG, STATE, ...DRIVERS, KIT];

const SUBJECTS = [
  'backups',
  'domains',
  'zones',
  'certificates',
  'events',
  'instances',
  'tasks',
  'tokens',
  'alerts',
  'audit',
  'metrics',
  'servers',
].map(room);
const BELOW_HTTP = [...CONTRACTS, room('jobs'), room('services'), ...SUBJECTS, room('drift')];
const EVERYTHING = ['^src/', '^modules/'];

/** `from` may know `to`, and nothing else of ours. */
const only = (name, from, to, pathNot = []) => ({
  name,
  severity: 'error',
  from: { path: from, ...(pathNot.length > 0 ? { pathNot } : {}) },
  to: { path: '^(src|modules)/', pathNot: [from, ...to] },
});
const subject = (name, neighbours = []) =>
  only(`${name}-knows-services`, room(name), [
    ...CONTRACTS,
    room('jobs'),
    room('services'),
    ...neighbours.map(room),
  ]);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'engine-knows-no-subject',
      severity: 'error',
      from: { path: room('jobs/engine') },
      to: { path: ['^src/model/service\\.ts$', STATE, room('jobs/effects'), room('jobs/manage')] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^(src|modules)/',
        pathNot: [
          '\\.d\\.c?ts$',
          '^src/jobs/engine/(worker|process-main|kit-hook)\\.ts$',
          '^src/modules/authoring/(module|testing|check/runs-main)\\.ts$',
          '^src/modules/discovery/(reader|parent-watch)\\.ts$',
          '^src/modules/collections/migrate-main\\.ts$',
          '^src/modules/requests/request-main\\.ts$',
          '^src/cli\\.ts$',
          '^src/http/routes/docs/page/',
        ],
      },
      to: {},
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      from: { path: '^(src|modules)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    // a barrel makes a job's thread load all that stands behind it: 3.9 MB instead of 207 KB, measured
    {
      name: 'index-is-a-driver',
      severity: 'error',
      from: {},
      to: {
        path: '^(src|modules)/.+/index\\.ts$',
        pathNot: ['^src/drivers/[^/]+/[^/]+/index\\.ts$', '^src/drivers/[^/]+/[^/]+/remote/index\\.ts$'],
      },
    },
    {
      name: 'no-barrels',
      severity: 'error',
      from: { path: '/index\\.ts$' },
      to: { dependencyTypes: ['export'] },
    },

    // a module's code can end or hang whatever process runs it: a job's thread, or the process that reads modules
    {
      name: 'module-code-runs-apart',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/jobs/engine/flow-of\\.ts$',
          '^src/modules/discovery/reader\\.ts$',
          '^src/modules/authoring/check/runs-main\\.ts$',
          '^src/modules/collections/migrate-main\\.ts$',
          '^src/modules/requests/handle-call\\.ts$',
        ],
      },
      to: { path: ['^src/jobs/engine/import-module\\.ts$', '^modules/[^/]+/[^/]+/module\\.ts$'] },
    },
    {
      name: 'only-threads-load-flows',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/jobs/engine/(thread-main|process-main|carry-out|worker)\\.ts$'],
      },
      to: { path: '^src/jobs/engine/(flow-of|thread-main|process-main|carry-out)\\.ts$' },
    },
    {
      name: 'only-the-process-loads-the-reader',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/modules/discovery/reader\\.ts$'] },
      to: { path: '^src/modules/discovery/(reader|declare)\\.ts$' },
    },

    {
      name: 'only-the-process-handles-requests',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/modules/requests/request-main\\.ts$'] },
      to: { path: '^src/modules/requests/handle-call\\.ts$' },
    },

    only('kernel-knows-nothing', KERNEL, []),
    only('model-knows-kernel', MODEL, [KERNEL]),

    only('config-knows-model-and-the-keys-of-drivers', room('config'), [...WORDS, ...DRIVERS_CONFIG]),
    only('what-drivers-share-knows-model', room('drivers/shared'), WORDS),
    only('contracts-of-drivers-know-no-driver', '^src/drivers/([^/]+/contract|table)\\.ts$', [
      ...WORDS,
      ...DRIVERS,
    ]),
    only('contract-of-state-knows-model', STATE, WORDS),
    only('kit-knows-model', KIT, WORDS),
    only('shipped-modules-know-the-kit', '^modules/', [...WORDS, KIT]),

    // the type of the configuration is made of the drivers' keys, so a driver reads its own part only
    only(
      'drivers-know-contracts',
      room('drivers'),
      [...WORDS, CONFIG_KEYS],
      ['^src/drivers/(build|hosts)\\.ts$'],
    ),
    only('who-builds-drivers-knows-config', '^src/drivers/(build|hosts)\\.ts$', [
      ...WORDS,
      CONFIG,
      room('drivers'),
    ]),
    only('state-knows-model', room('state'), [...WORDS, CONFIG]),
    only('clock-knows-what-drivers-share', room('clock'), [...WORDS, room('drivers/shared')]),
    only('systemd-knows-model', room('systemd'), WORDS),
    only('jobs-know-contracts', room('jobs'), CONTRACTS),

    only('services-know-jobs', room('services'), [...CONTRACTS, room('jobs')]),

    subject('backups'),
    subject('domains'),
    subject('zones', ['domains']),
    subject('certificates', ['domains']),
    subject('events'),
    subject('instances'),
    subject('tasks'),
    subject('tokens'),
    subject('alerts'),
    subject('audit'),
    subject('metrics'),
    subject('servers'),

    subject('drift'),
    only('modules-know-jobs', room('modules'), [...CONTRACTS, room('jobs'), '^src/config/error\\.ts$']),
    only('templates-know-modules', room('templates'), [...CONTRACTS, room('services'), room('modules')]),
    only('doctor-knows-drivers-and-modules', room('doctor'), [
      ...CONTRACTS,
      room('drivers'),
      room('modules'),
      '^src/clock/(host-time|mark-file)\\.ts$',
      '^src/state/(transfer/verify|keys/state-key|files/lock-note)\\.ts$',
    ]),

    only('http-knows-subjects', room('http'), BELOW_HTTP),

    // boot builds from everything, the sandbox runs it, the command line starts either; nobody else knows these three
    {
      name: 'only-the-command-line-starts-things',
      severity: 'error',
      from: {
        path: '^(src|modules)/',
        pathNot: [
          '^src/(main|cli)\\.ts$',
          '^src/innkeeper\\.cts$',
          room('boot'),
          room('sandbox'),
          room('cli'),
        ],
      },
      to: { path: ['^src/(main|cli)\\.ts$', room('boot'), room('sandbox'), room('cli')] },
    },
    only(
      'boot-knows-what-runs',
      '^src/(boot/|main\\.ts$)',
      EVERYTHING.map((all) => (all === '^src/' ? '^src/(?!sandbox/|cli/|cli\\.ts|doctor/)' : '^modules/')),
    ),
    {
      name: 'sandbox-is-not-production',
      severity: 'error',
      from: { path: '^(src|modules)/', pathNot: [room('sandbox'), room('cli')] },
      to: { path: room('sandbox') },
    },
    {
      name: 'sandbox-knows-no-command',
      severity: 'error',
      from: { path: room('sandbox') },
      to: { path: [room('cli'), '^src/cli\\.ts$'] },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { path: '^(src|modules)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
