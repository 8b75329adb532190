import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { checkAll, parsePropertyString, perlPattern } from '../../../src/sandbox/pve/check.js';
import { ROOTFS } from '../../../src/sandbox/pve/ct-config.js';
import { propertiesOf } from '../../../src/sandbox/pve/route.js';
import { ROUTES } from '../../../src/sandbox/pve/routes.js';
import { loadSchema } from '../../../src/sandbox/pve/schema.js';
import { field, fixture } from './fixture.js';
import { testFolder } from '../../test-folder.js';

const CT = '/nodes/pve1/lxc/101';
const TEMPLATE = '/nodes/pve1/lxc/9001';
/** Proxmox's own files are checked against where they are at hand; they are not part of this project. */
const SCHEMA = process.env['PVE_SCHEMA_DIR'] ?? '';

const string = { type: 'string', optional: 1 };
const invented = (extra: object) =>
  JSON.stringify({
    '/things/{id}': {
      PUT: {
        parameters: {
          properties: {
            id: { type: 'integer', minimum: 100 },
            'net[n]': { ...string, format: { name: { type: 'string', pattern: '(?^:[a-z]+\\d)' } } },
            size: { ...string, requires: 'disk' },
            disk: { ...string, enum: ['rootfs', 'mp0'] },
            ...extra,
          },
        },
      },
    },
    '/things/{id}/{part}': { GET: { parameters: { properties: { id: string, part: string } } } },
  });

t.test('requests are held against the newest 9.x and against 8.4', async (t) => {
  const folder = testFolder(t, {
    'pve-9.9.json': '{}',
    'pve-9.10.1.json': invented({ fresh: string }),
    'pve-8.4.json': invented({}),
    'readme.txt': '',
  });
  const schema = loadSchema(folder);
  const check = (values: Record<string, string>, path = '/things/101') =>
    schema.check('PUT', path, values).map(({ schema: file, errors }) => [file, errors]);
  t.same(check({ net0: 'name=eth0', size: '1G', disk: 'mp0' }), []);
  t.same(check({ fresh: '1' }), [
    [
      'pve-8.4.json',
      { fresh: 'property is not defined in schema and the schema does not allow additional properties' },
    ],
  ]);
  t.same(check({}, '/things/7').at(0), ['pve-9.10.1.json', { id: 'value must have a minimum value of 100' }]);
  t.match(check({ net31: 'name=0' }).at(0)?.[1], {
    net31: /net31.name: value does not match the regex pattern/,
  });
  t.match(check({ net32: 'name=eth0' }).at(0)?.[1], { net32: /not defined in schema/ });
  t.match(check({ size: '1G' }).at(0)?.[1], { disk: `missing property - 'size' requires this property` });
  t.match(check({ disk: 'mp9' }).at(0)?.[1], {
    disk: `value 'mp9' does not have a value in the enumeration 'rootfs, mp0'`,
  });
  t.same(check({}, '/nothing'), [['pve-9.10.1.json', { '': 'no such path' }]]);
  t.match(schema.check('POST', '/things/101', {})[0]?.errors, { '': /not implemented/ });
  t.same(schema.check('GET', '/things/101/x', {}), []);
});

t.test('Perl patterns are anchored and lose their flag groups', async (t) => {
  t.ok(perlPattern('(?^:a|b)').test('a'));
  t.notOk(perlPattern('a|b').test('xb'));
  t.ok(perlPattern('(?^i:[a-f]+)x').test('ABx'));
});

t.test('property strings have a default key and no key twice', async (t) => {
  t.same(parsePropertyString(ROOTFS, 'local:8,size=8G'), { volume: 'local:8', size: '8G' });
  t.throws(() => parsePropertyString(ROOTFS, 'local:8,size=8G,size=9G'), /duplicate key/);
  t.throws(() => parsePropertyString({ a: string }, 'x'), /does not define a default key/);
  t.match(checkAll({ v: { ...string, format: { a: string } } }, { v: 'x' }), {
    v: /^invalid format - value without key/,
  });
});

t.test('a schema folder without schemas is an error, not a silent pass', async (t) => {
  await t.rejects(fixture(t, { schemaDir: testFolder(t) }), /no pve-9/);
});

/** What decides about a value, apart from formats and patterns. */
/**
 * Properties that the schema calls required and that the look-alike's calls check themselves: for a missing one
 * Proxmox names the part of the schema that the rule's type chose, not the property alone.
 */
const CHECKED_BY_THE_CALL = new Set([
  'POST /cluster/ha/rules resources',
  'PUT /cluster/ha/rules/{rule} type',
]);

const facts = (property: unknown): unknown[] => [
  Boolean(Number(field(property, 'optional') ?? 0)),
  ...['type', 'minimum', 'maximum', 'minLength', 'maxLength', 'requires'].map((key) => field(property, key)),
];

if (SCHEMA !== '') {
  t.test(
    'what the agent may send passes the published schema; what it may not is kept as a violation',
    async (t) => {
      const { ask, task, pve } = await fixture(t, { schemaDir: SCHEMA, pools: ['innkeeper'], haMs: 60_000 });
      await task('POST', `${TEMPLATE}/clone`, {
        newid: 101,
        hostname: 'a.example',
        description: 'x y',
        pool: 'innkeeper',
      });
      await task('POST', '/nodes/pve2/lxc', {
        vmid: 102,
        ostemplate: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
        hostname: 'b.example',
        memory: 1024,
        swap: 512,
        cores: 2,
        rootfs: 'local-btrfs:8',
        net0: 'name=eth0,bridge=vmbr0,firewall=1,ip=10.9.0.5/24,gw=10.9.0.1,ip6=fd00::5/64,gw6=fd00::1,tag=20',
        nameserver: '10.9.0.1 fd00::1',
        searchdomain: 'example.com',
        unprivileged: 1,
        features: 'nesting=1',
        onboot: 1,
        tags: 'innkeeper;shop',
        pool: 'innkeeper',
        description: 'innkeeper:a/b/c/1',
      });
      await task('PUT', `${CT}/resize`, { disk: 'rootfs', size: '20G' });
      await ask('PUT', `${CT}/config`, {
        net0: 'name=eth0,bridge=vmbr0,ip=10.9.0.6/24',
        memory: 2048,
        delete: 'tags',
      });
      await ask('PUT', `${CT}/firewall/options`, { enable: 1, ipfilter: 1, macfilter: 1 });
      await task('POST', `${CT}/snapshot`, { snapname: 'initial', description: 'x' });
      await task('POST', `${CT}/snapshot/initial/rollback`);
      await ask('GET', `${CT}/snapshot/initial/config`);
      await task('DELETE', `${CT}/snapshot/initial`);
      await task('POST', `${CT}/status/start`);
      await task('POST', `${CT}/status/shutdown`, { timeout: 30, forceStop: 1 });
      for (const path of [
        '/version',
        '/nodes',
        '/cluster/status',
        '/cluster/nextid',
        '/pools',
        '/pools/innkeeper',
      ])
        t.equal((await ask('GET', path)).status, 200, path);
      await ask('GET', '/cluster/resources', { type: 'vm' });
      await ask('GET', '/nodes/pve1/storage/local/content', { content: 'vztmpl' });
      await ask('GET', '/nodes/pve1/tasks', { source: 'all', vmid: 101, limit: 10 });
      await ask('POST', '/cluster/ha/resources', {
        sid: 'ct:101',
        state: 'started',
        max_restart: 2,
        comment: 'x',
      });
      await ask('POST', '/cluster/ha/rules', {
        rule: 'ik',
        type: 'node-affinity',
        nodes: 'pve1',
        resources: 'ct:101',
      });
      await ask('PUT', '/cluster/ha/resources/ct:101', { state: 'ignored' });
      await ask('GET', '/cluster/ha/groups');
      await task('DELETE', CT, { purge: 1, 'destroy-unreferenced-disks': 1 });
      t.same(pve.violations, []);

      const wrong = await ask('PUT', '/nodes/pve2/lxc/102/config', {
        memory: 'lots',
        hostname: 'a_b',
        nope: '1',
      });
      t.same([wrong.status, wrong.reason], [400, 'Parameter verification failed.']);
      t.match(wrong.errors, { memory: /type check/, hostname: /DNS name/, nope: /not defined in schema/ });
      t.match(
        pve.violations.map(({ schema }) => schema),
        ['pve-9.2.3.json', 'pve-8.4.json'],
      );
      const newer = await ask('POST', '/nodes/pve1/lxc', {
        vmid: 105,
        ostemplate: 'local:vztmpl/x',
        'ha-managed': 1,
      });
      t.equal(newer.status, 400, 'what only 9.x knows would fail on 8.4');
      t.equal((await ask('GET', '/no/such')).status, 501);
      t.match(pve.violations.at(-1), { path: '/no/such' });
      const numbered = await ask('PUT', '/nodes/pve2/lxc/102/config', { net32: 'name=eth1' });
      t.match(numbered.errors, { net32: /not defined in schema/ });
    },
  );

  for (const [version, prefix] of [
    ['9.1', 'pve-9.'],
    ['8.4', 'pve-8.4'],
  ] as const)
    t.test(
      `every call of the look-alike of ${version}, with every parameter, is a published one`,
      async (t) => {
        const files = readdirSync(SCHEMA).filter((name) => name.startsWith(prefix));
        const file = files.sort().at(-1) ?? '';
        const published: unknown = JSON.parse(readFileSync(`${SCHEMA}/${file}`, 'utf8'));
        for (const route of ROUTES) {
          if (route.only !== undefined && route.only !== version) continue;
          const method = field(field(published, route.path), route.method);
          const properties = field(field(method, 'parameters'), 'properties');
          const known = typeof properties === 'object' && properties ? Object.keys(properties) : [];
          const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']): [string, string] => [
            name,
            '',
          ]);
          const own = propertiesOf({ route, path: Object.fromEntries(names) }, version);
          const call = `${route.method} ${route.path}`;
          t.same(
            Object.keys(own).filter((name) => !known.includes(name)),
            [],
            call,
          );
          for (const [name, property] of Object.entries(own)) {
            const [isOptional, ...published] = facts(field(properties, name));
            const isLeft = CHECKED_BY_THE_CALL.has(`${call} ${name}`);
            t.same(facts(property), [isLeft || isOptional, ...published], `${call} ${name}`);
          }
        }
      },
    );

  t.test('every published pattern can be used', async (t) => {
    for (const file of readdirSync(SCHEMA).filter((name) => name.endsWith('.json'))) {
      const patterns = readFileSync(`${SCHEMA}/${file}`, 'utf8').matchAll(/"pattern": *("(?:[^"\\]|\\.)*")/g);
      for (const [, quoted = '""'] of patterns) {
        const pattern: unknown = JSON.parse(quoted);
        t.doesNotThrow(() => perlPattern(String(pattern)), `${file} ${quoted}`);
      }
    }
  });
}
