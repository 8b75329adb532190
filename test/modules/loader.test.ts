import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import t from 'tap';
import { importModule } from '../../src/jobs/engine/import-module.js';
import { AgentError } from '../../src/kernel/errors.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { discover, readerOf } from '../../src/modules/discovery/discover.js';
import { readLimits } from '../../src/modules/discovery/read-module.js';
import { findModules, shippedModules } from '../../src/modules/loader.js';
import { openRegistry, type Registry } from '../../src/modules/registry.js';
import { fakeStep } from '../fakes/step-context.js';
import { testFolder } from '../test-folder.js';

/** A module as somebody else would ship it, without our base class. */
const source = (info: string, more = ''): string => `
export default class Some {
  info = { type: 'product', name: 'good', title: 'Good', description: '', version: '1.2.3', author: 'x', ${info} };
  settings = { type: 'object', properties: { size: { type: 'integer', minimum: 3, default: 5 } }, additionalProperties: false };
  flow() { return {}; }
  policy() { return {}; }
  createJob() { return {}; }
  source(settings) { return { kind: 'template', template: 'size-' + settings.size }; }
  template() {}
  ${more}
}`;

async function registryOf(
  folders: readonly string[],
  settings: Readonly<Record<string, JsonObject>> = {},
): Promise<Registry> {
  const shipped = shippedModules();
  const isShipped = ({ path }: { readonly path: string }): boolean => path.startsWith(shipped);
  const deps = { reader: readerOf(dirname(shipped)), isShipped, limits: readLimits(60) };
  const discovered = await discover(deps, await findModules(folders), settings);
  return openRegistry({ discovered, settings, isShipped, hasOthers: folders.length > 1 });
}

const active = ({ modules }: Registry): string[] =>
  modules.filter(({ state }) => state === 'active').map(({ name }) => name);
const reasons = ({ modules }: Registry): Record<string, string | null> =>
  Object.fromEntries(
    modules.filter(({ state }) => state !== 'active').map(({ name, reason }) => [name, reason]),
  );

t.test(
  'the shipped modules are found from where the code runs, and declare what the class says',
  async (t) => {
    const registry = await registryOf([shippedModules()]);
    t.same(reasons(registry), {});
    const wordpress = registry.products.get('wordpress');
    t.equal(wordpress.path, join(shippedModules(), 'product/wordpress/module.js'));
    t.equal(wordpress.hash, null, 'it is part of the agent');
    t.match(
      registry.modules.find(({ name }) => name === 'wordpress'),
      { hash: /^[0-9a-f]{64}$/ },
    );
    t.match(wordpress.declared, {
      parts: ['guest', 'site'],
      source: { kind: 'template', template: 'innkeeper-wordpress' },
      template: { name: 'innkeeper-wordpress', scripts: [{ body: /apt-get/ }, {}] },
      loginPath: '/innkeeper-login-{id}.php?token={token}',
      ownerEmail: { minLength: 6, maxLength: 100 },
      policies: { create: { timeoutS: 2400 }, suspend: {} },
    });
    const { abilities } = wordpress.declared;
    for (const kind of ['create', 'start', 'loginLink', 'resetPassword', 'setPrimary'])
      t.ok(abilities.includes(kind), kind);
    t.notOk(abilities.includes('certificate'), 'which never is a job');
  },
);

t.test('a broken module is named with its reason and the rest is used', async (t) => {
  const folder = testFolder(t, {
    product: {
      good: { 'module.js': source('') },
      renamed: { 'module.js': source(`name: 'other'`) },
      syntax: { 'module.js': 'export default class {' },
      empty: {},
      function: { 'module.js': 'export const x = 1' },
      notmodule: { 'module.js': 'export default class {}' },
      throws: { 'module.js': source(`name: 'throws'`, `constructor() { throw new Error('no luck'); }`) },
      version: { 'module.js': source(`name: 'version', version: 'new'`) },
      'source-throws': {
        'module.js': source(`name: 'source-throws'`, `source() { throw new Error('no source'); }`),
      },
      login: { 'module.js': source(`name: 'login'`, `loginPath = '//evil.test/{id}';`) },
      parts: { 'module.js': source(`name: 'parts'`, `parts = ['car'];`) },
      policy: { 'module.js': source(`name: 'policy'`, `policy() { return { tries: 1e9 }; }`) },
      'no-product': { 'module.js': source(`name: 'no-product'`, `createJob = undefined;`) },
      addon: { 'module.js': source(`name: 'addon'`), 'x.node': '' },
      'a-file': 'not a folder',
    },
    unknowntype: { x: { 'module.js': 'throw new Error("never imported")' } },
  });
  const registry = await registryOf([folder]);
  t.same(active(registry), ['good']);
  const why = reasons(registry);
  t.match(why, {
    renamed: /its name is product\/other, but its folder is product\/renamed/,
    empty: /does not contain module\.js/,
    function: /not a class/,
    notmodule: /not a class that extends/,
    throws: /no luck/,
    version: /info\.version .*pattern/,
    'source-throws': /source\(\) threw: no source/,
    login: /loginPath/,
    parts: /parts/,
    policy: /policies/,
    'no-product': /no createJob/,
    addon: /x\.node is a native add-on/,
    syntax: /./,
  });
  t.equal(Object.keys(why).length, 13);
});

t.test('a second module of a name does not replace the first', async (t) => {
  const dir = testFolder(t, {
    one: { product: { good: { 'module.js': source('') } } },
    two: { product: { good: { 'module.js': source(`title: 'Evil'`) } } },
  });
  const registry = await registryOf([join(dir, 'one'), join(dir, 'two')]);
  t.equal(registry.products.get('good').info.title, 'Good');
  t.match(reasons(registry)['good'], /already in .*one/);
});

t.test('modules of the other types are used, and are no products', async (t) => {
  const folder = testFolder(t, { plugin: { good: { 'module.js': source(`type: 'plugin'`) } } });
  const { modules, products, inUse } = await registryOf([folder]);
  t.match(modules, [{ type: 'plugin', state: 'active', reason: null }]);
  t.same(products.list(), []);
  t.match(inUse.find('plugin', 'good'), { info: { type: 'plugin', name: 'good' } });
});

t.test(
  'a module bundled with its own copy of the base classes works, and errors keep their meaning',
  async (t) => {
    const folder = testFolder(t);
    const contents = `
    import { AgentError } from './src/kernel/errors.js';
    import { HostedProduct } from './src/modules/kit/hosted-product.js';
    export default class Shop extends HostedProduct {
      info = { type: 'product', name: 'shop', title: 'Shop', description: '', version: '1.0.0', author: 'x' };
      settings = { type: 'object', properties: {}, additionalProperties: false };
      patienceMs = 100;
      source() { return { kind: 'os' }; }
      async install() {}
      async look({ site }) {
        const page = await site.fetch({ path: '/' });
        if (page.status !== 200) throw new AgentError('site_wrong', 'Wrong.');
      }
    }`;
    await build({
      stdin: { contents, resolveDir: process.cwd() },
      outfile: join(folder, 'product/shop/module.js'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    });
    const { products } = await registryOf([folder]);
    const { declared, path } = products.get('shop');
    t.match(declared, { parts: ['guest', 'site'], source: { kind: 'os' }, template: null, loginPath: null });
    for (const kind of ['resetPassword', 'loginLink'])
      t.notOk(declared.abilities.includes(kind), `it has not written the hook of ${kind}`);
    const verify = (await importModule(path)).flow('create')['verify'];
    const absent = fakeStep({});
    await t.rejects(Promise.resolve(verify?.run(absent.context)), { code: 'site_unreachable' });
    t.ok(absent.slept.length > 0, 'our own error is understood by the other copy');
    const wrong = fakeStep({ site: () => ({ status: 404, headers: {}, cookies: {}, body: '' }) });
    await t.rejects(Promise.resolve(verify?.run(wrong.context)), AgentError);
  },
);

t.test('a module folder that does not exist is an error that names it', async (t) => {
  await t.rejects(findModules(['/nowhere/modules']), /\/nowhere\/modules cannot be read/);
});

t.test('settings are completed with defaults, and decide what is declared', async (t) => {
  const given = { wordpress: { admin_user: 'owner' } };
  const folder = testFolder(t, { product: { good: { 'module.js': source('') } } });
  const registry = await registryOf([shippedModules(), folder], given);
  t.same([registry.fatal, registry.problems], [[], []]);
  t.match(registry.products.get('wordpress').settings, {
    source: 'template',
    template_name: 'innkeeper-wordpress',
    admin_user: 'owner',
    upstream_port: 80,
  });
  t.same(given, { wordpress: { admin_user: 'owner' } }, 'the configuration is not changed');
  t.match(registry.products.get('good'), {
    settings: { size: 5 },
    declared: { source: { kind: 'template', template: 'size-5' } },
  });
});

t.test('wrong settings of a shipped module are named by key, with what was found and expected', async (t) => {
  const { fatal, problems, products } = await registryOf([shippedModules()], {
    wordpress: { source: 'magic', upstream_port: 0, titel: 'x', trusted_proxies: ['10.0.0.0/8', 'evil; x'] },
    shop: {},
  });
  const of = (key: string): string | undefined => fatal.find((one) => one.key === `products.${key}`)?.problem;
  t.match(of('wordpress.source'), /found "magic".*template, scratch/);
  t.match(of('wordpress.upstream_port'), /found 0.*1/);
  t.match(of('wordpress.titel'), /unknown setting/);
  t.match(of('wordpress.trusted_proxies.1'), /found "evil; x"/);
  t.match(of('shop'), /no product module has this name \(available: \w+/);
  t.equal(fatal.length, 5);
  t.same(problems, []);
  t.equal(products.find('wordpress'), undefined);
});

t.test("wrong settings of another author's module stop no start: it is in error, or missing", async (t) => {
  const folder = testFolder(t, { product: { good: { 'module.js': source('') } } });
  const { fatal, problems, modules } = await registryOf([shippedModules(), folder], {
    good: { size: 1 },
    gone: {},
  });
  t.same(fatal, []);
  t.match(problems, [{ key: 'products.good.size' }, { key: 'products.gone' }]);
  const shown = modules.filter(({ name }) => ['wordpress', 'good', 'gone'].includes(name));
  t.match(shown, [
    { name: 'wordpress', state: 'active' },
    { name: 'good', state: 'error', reason: /products\.good\.size: found 1/ },
    { name: 'gone', state: 'missing', reason: /not installed/ },
  ]);
});

t.test('an unknown product is refused, a broken one with its reason for the operator', async (t) => {
  const folder = testFolder(t, { product: { broken: { 'module.js': 'export default 1' } } });
  const { products } = await registryOf([folder], {});
  for (const [name, detail] of [
    ['nothing', /not installed/],
    ['broken', /not a class/],
  ] as const) {
    t.equal(products.find(name), undefined);
    try {
      products.get(name);
      t.fail('must throw');
    } catch (error) {
      t.ok(error instanceof AgentError);
      t.match(error, { code: 'unknown_module', detail });
    }
  }
});
