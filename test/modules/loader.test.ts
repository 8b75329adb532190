import { join } from 'node:path';
import { build } from 'esbuild';
import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { loadModules, shippedModules } from '../../src/modules/loader.js';
import { openProducts } from '../../src/modules/registry.js';
import { fakeStep } from '../fakes/step-context.js';

/** A module as somebody else would ship it, without our base class. */
const source = (info: string, more = ''): string => `
export default class Some {
  info = { type: 'product', name: 'good', title: 'Good', description: '', version: '1.2.3', author: 'x', ${info} };
  settings = { type: 'object', properties: { size: { type: 'integer', minimum: 3, default: 5 } }, additionalProperties: false };
  flow() { return {}; }
  policy() { return {}; }
  createJob() { return {}; }
  source() { return { kind: 'os' }; }
  template() {}
  ${more}
}`;

t.test('loads the shipped modules from where the code runs', async (t) => {
  const { modules, broken } = await loadModules([shippedModules()]);
  t.same(broken, []);
  const wordpress = modules.find(({ info }) => info.type === 'product' && info.name === 'wordpress');
  t.ok(wordpress);
  t.equal(wordpress?.path, join(shippedModules(), 'product/wordpress/module.js'));
});

t.test('a broken module is named with its reason and the rest loads', async (t) => {
  const folder = t.testdir({
    product: {
      good: { 'module.js': source('') },
      renamed: { 'module.js': source(`name: 'other'`) },
      syntax: { 'module.js': 'export default class {' },
      empty: {},
      function: { 'module.js': 'export const x = 1' },
      notmodule: { 'module.js': 'export default class {}' },
      throws: { 'module.js': source('', `constructor() { throw new Error('no luck'); }`) },
      version: { 'module.js': source(`name: 'version', version: 'new'`) },
      'a-file': 'not a folder',
    },
    unknowntype: { x: { 'module.js': 'throw new Error("never imported")' } },
  });
  const { modules, broken } = await loadModules([folder]);
  t.same(
    modules.map(({ info }) => info.name),
    ['good'],
  );
  const why = Object.fromEntries(broken.map(({ name, problem }) => [name, problem]));
  t.match(why['renamed'], /its name is product\/other, but its folder is product\/renamed/);
  t.match(why['empty'], /does not contain module\.js/);
  t.match(why['function'], /not a class/);
  t.match(why['notmodule'], /not a class that extends/);
  t.match(why['throws'], /no luck/);
  t.match(why['version'], /info\.version .*pattern/);
  t.ok(why['syntax']);
  t.same(Object.keys(why).length, 7);
});

t.test('a second module of a name does not replace the first', async (t) => {
  const dir = t.testdir({
    one: { product: { good: { 'module.js': source('') } } },
    two: { product: { good: { 'module.js': source(`title: 'Evil'`) } } },
  });
  const { modules, broken } = await loadModules([join(dir, 'one'), join(dir, 'two')]);
  t.same(
    modules.map(({ info }) => info.title),
    ['Good'],
  );
  t.match(broken[0]?.problem, /already loaded from .*one/);
});

t.test(
  'a module bundled with its own copy of the base classes works, and errors keep their meaning',
  async (t) => {
    const folder = t.testdir({});
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
    const loaded = await loadModules([folder]);
    t.same(loaded.broken, []);
    const { products } = openProducts(loaded, {});
    const verify = products.get('shop').module.flow('create')['verify'];
    const absent = fakeStep({});
    await t.rejects(Promise.resolve(verify?.run(absent.context)), { code: 'site_unreachable' });
    t.ok(absent.slept.length > 0, 'our own error is understood by the other copy');
    const wrong = fakeStep({ site: () => ({ status: 404, headers: {}, cookies: {}, body: '' }) });
    await t.rejects(Promise.resolve(verify?.run(wrong.context)), AgentError);
  },
);

t.test('a module folder that does not exist is an error that names it', async (t) => {
  await t.rejects(loadModules(['/nowhere/modules']), /\/nowhere\/modules cannot be read/);
});

t.test('settings are completed with defaults', async (t) => {
  const loaded = await loadModules([shippedModules()]);
  const { products, problems } = openProducts(loaded, { wordpress: { admin_user: 'owner' } });
  t.same(problems, []);
  const { settings, module } = products.get('wordpress');
  t.match(settings, {
    source: 'template',
    template_name: 'innkeeper-wordpress',
    admin_user: 'owner',
    upstream_port: 80,
  });
  t.same(module.source(settings), { kind: 'template', template: 'innkeeper-wordpress' });
  t.equal(module.template(settings)?.name, 'innkeeper-wordpress');
});

t.test('wrong settings are named by key, with what was found and what is expected', async (t) => {
  const loaded = await loadModules([shippedModules()]);
  const { problems } = openProducts(loaded, {
    wordpress: { source: 'magic', upstream_port: 0, titel: 'x', trusted_proxies: ['10.0.0.0/8', 'evil; x'] },
    shop: {},
  });
  const of = (key: string): string | undefined =>
    problems.find((one) => one.key === `products.${key}`)?.problem;
  t.match(of('wordpress.source'), /found "magic".*template, scratch/);
  t.match(of('wordpress.upstream_port'), /found 0.*1/);
  t.match(of('wordpress.titel'), /unknown setting/);
  t.match(of('wordpress.trusted_proxies.1'), /found "evil; x"/);
  t.match(of('shop'), /no product module has this name \(available: wordpress\)/);
  t.equal(problems.length, 5);
});

t.test('the config is not changed by completing it', async (t) => {
  const loaded = await loadModules([shippedModules()]);
  const given = Object.freeze({ wordpress: Object.freeze({}) });
  openProducts(loaded, given);
  t.same(given, { wordpress: {} });
});

t.test('an unknown product is refused, a broken one with its reason for the operator', async (t) => {
  const folder = t.testdir({ product: { broken: { 'module.js': 'export default 1' } } });
  const { products, problems } = openProducts(await loadModules([folder]), { broken: {} });
  t.match(problems, [
    { key: 'products.broken', problem: /cannot be used: its default export is not a class/ },
  ]);
  for (const [name, detail] of [
    ['nothing', /not installed/],
    ['broken', /not a class/],
  ] as const) {
    try {
      products.get(name);
      t.fail('must throw');
    } catch (error) {
      t.ok(error instanceof AgentError);
      t.match(error, { code: 'unknown_module', detail });
    }
  }
});
