/** Which room may know which: http -> operations -> jobs -> modules -> drivers -> domain; the sandbox knows them, none of them knows the sandbox. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|modules)/', pathNot: [from, ...to] },
});
const DOMAIN = '^src/domain/';
const DRIVERS = '^src/drivers/';
const CONFIG_SHAPE = '^src/config/config\\.ts$';
const STATE_SHAPE = '^src/state/contract\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^(src|modules)/',
        pathNot: [
          '\\.d\\.ts$',
          '^src/jobs/engine/worker\\.ts$',
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
    only('domain-knows-nothing', DOMAIN, []),
    only('config-knows-domain', '^src/config/', [DOMAIN]),
    only('state-knows-domain', '^src/state/', [DOMAIN, CONFIG_SHAPE]),
    only('drivers-know-domain', DRIVERS, [DOMAIN, CONFIG_SHAPE]),
    only('modules-know-drivers-contracts', '^src/modules/', [
      DOMAIN,
      '^src/drivers/[^/]+/driver\\.ts$',
      CONFIG_SHAPE,
    ]),
    only('shipped-modules-know-the-framework', '^modules/', [DOMAIN, '^src/modules/']),
    only('jobs-know-modules-and-drivers', '^src/jobs/', [
      DOMAIN,
      DRIVERS,
      '^src/modules/',
      CONFIG_SHAPE,
      STATE_SHAPE,
    ]),
    only('certificates-know-drivers', '^src/certificates/', [DOMAIN, DRIVERS, CONFIG_SHAPE, STATE_SHAPE]),
    only('metrics-know-what-they-count', '^src/metrics/', [
      DOMAIN,
      DRIVERS,
      '^src/jobs/effects/effect\\.ts$',
      CONFIG_SHAPE,
      STATE_SHAPE,
    ]),
    only('clock-knows-drivers', '^src/clock/', [DOMAIN, DRIVERS]),
    only('alerts-know-drivers', '^src/alerts/', [DOMAIN, DRIVERS, CONFIG_SHAPE, STATE_SHAPE]),
    only('operations-know-jobs', '^src/operations/', [
      DOMAIN,
      DRIVERS,
      '^src/modules/',
      '^src/jobs/',
      CONFIG_SHAPE,
      STATE_SHAPE,
    ]),
    only('doctor-knows-drivers', '^src/doctor/', [
      DOMAIN,
      DRIVERS,
      '^src/modules/',
      '^src/clock/(host-time|mark-file)\\.ts$',
      '^src/state/(verify|state-key|lock-note)\\.ts$',
      '^src/catalogue\\.ts$',
      CONFIG_SHAPE,
    ]),
    only('http-knows-operations', '^src/(http/|app\\.ts)', [
      DOMAIN,
      '^src/operations/',
      '^src/drivers/guest/(watch|driver)\\.ts$',
      '^src/modules/',
      CONFIG_SHAPE,
      STATE_SHAPE,
    ]),
    {
      name: 'sandbox-is-not-production',
      severity: 'error',
      from: { path: '^(src|modules)/', pathNot: ['^src/sandbox/', '^src/cli'] },
      to: { path: '^src/sandbox/' },
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
