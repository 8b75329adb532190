/** What a module declares about its collections: accepted, or refused with the place and the reason. */
import t from 'tap';
import { shapeOf } from '../../../src/modules/collections/shape.js';
import { checkReadModule } from '../../../src/modules/discovery/answer.js';
import { declarationsOf } from '../../../src/modules/discovery/declare.js';
import { compareVersions } from '../../../src/modules/discovery/module-version.js';
import type { Declarations } from '../../../src/modules/kit/declarations.js';
import type { Module } from '../../../src/modules/kit/module.js';

const text = { type: 'string' };
const run = (): object => ({});
const schema = { type: 'object', properties: { host: text, port: { type: 'integer' } } };

/** As the daemon gets it from the process that reads modules. */
function declared(also: object, version = '2.0.0'): Declarations {
  const info = { type: 'product', name: 'shop', title: 'S', description: '', version, author: 'x' };
  const module = { info, settings: { type: 'object' }, createJob: run, flow: run, policy: run, ...also };
  const request = { type: 'product', name: 'shop', path: '/module.js', settings: {} } as const;
  const sent: unknown = JSON.parse(JSON.stringify(declarationsOf(module as unknown as Module, request)));
  return checkReadModule(sent).declared;
}

const one = (also: object) => ({ collections: { checks: { schema, ...also } } });

t.test('declarations are complete when they are read', async (t) => {
  t.match(declared({}), { collections: {}, migrations: [] });
  t.match(
    declared({ ...one({ unique: { host: ['host'] } }), migrations: [{ from: '1.0.0', to: '2.0.0', run }] }),
    {
      collections: { checks: { indexes: {}, unique: { host: ['host'] }, encrypted: [], service: false } },
      migrations: [{ from: '1.0.0', to: '2.0.0', collections: null }],
    },
  );
});

t.test('a mistake is named with its place', async (t) => {
  const migrations = (...list: object[]) => ({
    ...one({}),
    migrations: list.map((one) => ({ run, ...one })),
  });
  const mistakes: readonly (readonly [RegExp, object])[] = [
    [/its collections.checks.indexes.a /, one({ indexes: { a: [] } })],
    [
      /its collections.no-name is unknown, or its name is not allowed/,
      { collections: { 'no-name': { schema } } },
    ],
    [/its collections.checks.more is unknown/, one({ more: true })],
    [/its collections /, { collections: [] }],
    [/its collections.checks has a schema that is not an object/, one({ schema: { type: 'string' } })],
    [
      /has the index a with the field x, which its schema does not have/,
      one({ indexes: { a: ['host', 'x'] } }),
    ],
    [/has two indexes with the name a/, one({ indexes: { a: ['host'] }, unique: { a: ['port'] } })],
    [/has the index a with the encrypted field host/, one({ indexes: { a: ['host'] }, encrypted: ['host'] })],
    [/encrypts the field x, which its schema does not have/, one({ encrypted: ['x'] })],
    [/encrypts the field port, which is not a string/, one({ encrypted: ['port'] })],
    [/its migrations.0 has no function run/, { ...one({}), migrations: [{ from: '1.0.0', to: '2.0.0' }] }],
    [/its migrations.0.from /, migrations({ from: 'one', to: '2.0.0' })],
    [/its migrations.0 does not lead to a later version/, migrations({ from: '2.0.0', to: '1.0.0' })],
    [
      /its migrations.0 leads to 3.0.0, but the module's version is 2.0.0/,
      migrations({ from: '1.0.0', to: '3.0.0' }),
    ],
    [
      /its migrations.1 begins at 1.0.0, but the migration before it ends at 2.0.0/,
      migrations({ from: '1.0.0', to: '2.0.0' }, { from: '1.0.0', to: '2.0.0' }),
    ],
    [/names the collection x, which/, migrations({ from: '1.0.0', to: '2.0.0', collections: ['x'] })],
  ];
  for (const [message, also] of mistakes) t.throws(() => declared(also), { message }, String(message));
});

t.test('only what decides whether documents fit changes the rules', async (t) => {
  const rules = (also: object): string | undefined => shapeOf(declared(one(also)), 'checks')?.rules;
  const first = rules({});
  const { host, port } = schema.properties;
  t.equal(
    rules({
      schema: { properties: { port, host: { description: 'x', ...host } }, type: 'object', title: 'y' },
    }),
    first,
  );
  t.equal(rules({ indexes: { a: ['host'] } }), first, 'indexes are checked by the documents');
  for (const also of [
    { encrypted: ['host'] },
    { service: true },
    { schema: { ...schema, required: ['host'] } },
    { schema: { ...schema, properties: { ...schema.properties, title: text } } },
    { schema: { ...schema, properties: { host, port: { type: 'number' } } } },
  ])
    t.not(rules(also), first, JSON.stringify(also));
});

t.test('a collection counts the migrations that concern it', async (t) => {
  const found = declared({
    collections: { checks: { schema }, hosts: { schema, unique: { host: ['host'] } } },
    migrations: [
      { from: '1.0.0', to: '1.1.0', run },
      { from: '1.1.0', to: '2.0.0', collections: ['hosts'], run },
    ],
  });
  t.match(shapeOf(found, 'checks'), { migration: 1, indexes: {}, service: false });
  t.match(shapeOf(found, 'hosts'), { migration: 2, indexes: { host: { fields: ['host'], unique: true } } });
  t.equal(shapeOf(found, 'constructor'), undefined);
});

t.test('versions are compared by their numbers', async (t) => {
  const ordered = ['0.9.0', '0.10.0', '1.0.0-alpha', '1.0.0-beta', '1.0.0', '1.0.1', '2.0.0'];
  for (const [n, version] of ordered.entries())
    for (const [m, other] of ordered.entries())
      t.equal(Math.sign(compareVersions(version, other)), Math.sign(n - m), `${version} ${other}`);
  t.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0);
});
