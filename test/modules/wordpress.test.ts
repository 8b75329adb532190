import { spawnSync } from 'node:child_process';
import t from 'tap';
import WordPress from '../../modules/product/wordpress/module.js';
import { titleOf } from '../../modules/product/wordpress/html-text.js';
import { showsTitle, siteTitle } from '../../modules/product/wordpress/site-title.js';
import { AgentError } from '../../src/kernel/errors.js';
import { shapeOf } from '../../src/model/flow.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { encodeScript } from '../../src/drivers/exec/script.js';
import type { StepContext } from '../../src/modules/kit/context.js';
import type { SiteAnswerView, SiteRequestCall } from '../../src/modules/kit/host-call-types.js';
import { settingsOf } from '../fakes/registered-product.js';
import { fakeStep } from '../fakes/step-context.js';

const wordpress = new WordPress();
const settingsWith = (given: JsonObject = {}): JsonObject => settingsOf(wordpress, given);
const settings = settingsWith();

const run = async (step: string, context: StepContext, method = 'create'): Promise<unknown> =>
  wordpress.flow(method)[step]?.run(context);
const failure = async (promise: Promise<unknown>): Promise<AgentError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

const html = (
  title: string,
  status = 200,
  headers: Record<string, string> = {},
  cookies = {},
): SiteAnswerView => ({
  status,
  headers,
  cookies,
  body: `<html><head><title>${title}</title></head></html>`,
});

/** WordPress as it answers when everything is right; `changes` replaces single answers by `METHOD path`. */
function site(
  changes: Record<string, () => SiteAnswerView> = {},
): (request: SiteRequestCall) => SiteAnswerView {
  return ({ method = 'GET', path, cookies = {}, form }) => {
    const changed = changes[`${method} ${path}`];
    if (changed) return changed();
    if (path === '/') return html('alice &#8211; Just another WordPress site');
    if (path === '/wp-login.php' && method === 'POST') {
      const right = form?.['log'] === 'admin' && cookies['wordpress_test_cookie'] !== undefined;
      return right
        ? html(
            '',
            302,
            { location: 'https://alice.sites.example.net/wp-admin/' },
            { wordpress_logged_in_x: 'a%7Cb' },
          )
        : html('Log In');
    }
    if (path === '/wp-admin/')
      return cookies['wordpress_logged_in_x'] === 'a%7Cb' ? html('Dashboard') : html('', 302);
    return html('Page not found', 404);
  };
}

t.test('the flow starts the site, the name and the proxy side by side and can take each back', async (t) => {
  const shapes = shapeOf(wordpress.flow('create'));
  t.same(Object.fromEntries(shapes.map(({ name, after }) => [name, after])), {
    allocate: [],
    container: ['allocate'],
    start: ['container'],
    install: ['start'],
    dns: ['allocate'],
    proxy: ['allocate'],
    snapshot: ['install'],
    verify: ['install', 'dns', 'proxy'],
    ha: ['snapshot'],
    publish: ['verify'],
  });
  t.same(
    shapes.filter(({ undoable }) => undoable).map(({ name }) => name),
    ['container', 'dns', 'proxy', 'ha'],
  );
  const fake = fakeStep({ settings });
  for (const { name } of shapes) await wordpress.flow('create')[name]?.undo?.(fake.context);
  t.same(fake.calls, ['container.remove', 'dns.remove', 'proxy.remove', 'ha.remove']);
});

t.test('every step does what its name says', async (t) => {
  const fake = fakeStep({ settings, site: site() });
  for (const name of Object.keys(wordpress.flow('create'))) await run(name, fake.context);
  t.same(fake.calls, [
    'container.allocate template innkeeper-wordpress',
    'container.ensure template innkeeper-wordpress',
    'container.start',
    'secrets.ensure admin_password 20',
    'secrets.ensure db_password 32',
    'container.run wordpress/configure',
    'data.save admin alice',
    'data.save alice@example.com',
    'dns.ensure',
    'proxy.ensure preparing 80',
    'container.snapshot initial As delivered initial',
    'site.fetch /',
    'secrets.ensure admin_password',
    'site.fetch /wp-login.php POST',
    'site.fetch /wp-admin/',
    'ha.ensure',
    'proxy.ensure enabled 80',
  ]);
});

t.test('a delete only goes forward, and HA lets go before the container is destroyed', async (t) => {
  const shapes = shapeOf(wordpress.flow('delete'));
  t.ok(shapes.every(({ pivot }) => pivot));
  t.same(shapes.find(({ name }) => name === 'container')?.after, ['ha']);
  const fake = fakeStep({ settings });
  for (const { name } of shapes) await run(name, fake.context, 'delete');
  t.same(fake.calls, ['proxy.remove', 'dns.remove', 'ha.remove', 'container.remove']);
});

t.test(
  'a start that waited for its turn does not bring up a site that was suspended meanwhile',
  async (t) => {
    for (const [method, step] of [
      ['start', 'start'],
      ['restart', 'stop'],
    ] as const) {
      const fake = fakeStep({ settings, service: { suspendedFor: ['billing'] } });
      t.match(await failure(run(step, fake.context, method)), {
        code: 'service_suspended',
        retryable: false,
      });
      t.same(fake.calls, [], method);
    }
  },
);

t.test(
  'a restart tells the site what changed while it was stopped, and comes to its end without',
  async (t) => {
    const data = { owner_email: 'former@example.com', site_address: 'another' };
    const fake = fakeStep({ settings, service: { data } });
    for (const name of Object.keys(wordpress.flow('restart'))) await run(name, fake.context, 'restart');
    t.same(fake.calls.slice(0, 2), ['container.stop 30', 'container.start']);
    t.ok(
      fake.calls.some((call) => call === 'container.run wordpress/set-email'),
      'the owner',
    );
    t.ok(
      fake.calls.some((call) => call === 'container.run wordpress/set-url'),
      'the address',
    );
    const failing = (code: 'recipe_failed' | 'container_host_timeout' | 'aborted') => {
      const refuse = () => {
        throw new AgentError(code, code);
      };
      const { context } = fakeStep({ settings, service: { data }, answers: { 'container.run': refuse } });
      return run('site', context, 'restart');
    };
    await failing('recipe_failed');
    await failing('container_host_timeout');
    t.match(await failure(failing('aborted')), { code: 'aborted' });
  },
);

t.test('a site that comes back while another reason stands is not called running', async (t) => {
  const fake = fakeStep({ settings, service: { suspendedFor: ['abuse'] } });
  t.same(await run('start', fake.context, 'restore'), { running: false });
  t.same(fake.calls, []);
  t.same(await run('start', fakeStep({ settings }).context, 'restore'), { running: true });
});

t.test('a reset that is taken back leaves no safety snapshot, as far as that can be', async (t) => {
  const undo = (context: StepContext) => wordpress.flow('reset')['safety']?.undo?.(context);
  const fake = fakeStep({ settings, notes: { name: 'safety-3' } });
  await undo(fake.context);
  t.same(fake.calls, ['container.unsnapshot safety-3']);
  const none = fakeStep({ settings });
  await undo(none.context);
  t.same(none.calls, [], 'none was made');
  const unreachable = () => {
    throw new AgentError('container_host_unreachable', 'x');
  };
  const answers = { 'container.unsnapshot': unreachable };
  await undo(fakeStep({ settings, notes: { name: 'safety-3' }, answers }).context);
});

t.test('a method the product does not have is refused', async (t) => {
  t.throws(() => wordpress.flow('dance'), { code: 'module_failed' });
});

t.test('from scratch, the packages are installed first', async (t) => {
  const fake = fakeStep({ settings: settingsWith({ source: 'scratch' }) });
  await run('allocate', fake.context);
  await run('install', fake.context);
  t.same(fake.calls, [
    'container.allocate os',
    'container.run wordpress/install-packages',
    'secrets.ensure admin_password 20',
    'secrets.ensure db_password 32',
    'container.run wordpress/configure',
    'data.save admin alice',
    'data.save alice@example.com',
  ]);
});

t.test('the recipe gets secrets by name only', async (t) => {
  const fake = fakeStep({ settings: settingsWith({ trusted_proxies: ['10.0.0.1', 'fd00::/8'] }) });
  await run('install', fake.context);
  t.same(fake.scripts[0]?.values, {
    SITE_FQDN: 'alice.sites.example.net',
    SITE_URL: 'https://alice.sites.example.net',
    SITE_TITLE: 'alice',
    SITE_LOCALE: 'en_US',
    SITE_PORT: '80',
    TRUSTED_PROXIES: '10.0.0.1 fd00::/8',
    ADMIN_USER: 'admin',
    ADMIN_EMAIL: 'alice@example.com',
    ADMIN_PASSWORD: { secret: 'admin_password' },
    DB_PASSWORD: { secret: 'db_password' },
  });
});

t.test('a right site is found right at the first look, with a login', async (t) => {
  const fake = fakeStep({ settings, site: site() });
  await run('verify', fake.context);
  t.same(fake.slept, []);
  t.same(fake.requests.map(({ method = 'GET', path }) => `${method} ${path}`).sort(), [
    'GET /',
    'GET /wp-admin/',
    'POST /wp-login.php',
  ]);
  const login = fake.requests.find(({ method }) => method === 'POST');
  t.same(login?.form?.['pwd'], { secret: 'admin_password' });
});

t.test('a site that comes up late is waited for, with growing pauses', async (t) => {
  let looks = 0;
  const late = site();
  const fake = fakeStep({
    settings,
    site: (request) =>
      request.path === '/' && ++looks <= 3 ? html('Your site is being prepared', 503) : late(request),
  });
  await run('verify', fake.context);
  t.equal(fake.slept.length, 3);
  t.same(
    fake.slept,
    [...fake.slept].sort((a, b) => a - b),
  );
});

t.test('a site that never answers is unreachable, after a bounded wait', async (t) => {
  const fake = fakeStep({ settings });
  const error = await failure(run('verify', fake.context));
  t.equal(error.code, 'site_unreachable');
  t.ok(error.retryable);
  const waited = fake.slept.reduce((sum, ms) => sum + ms, 0);
  t.ok(waited >= 60_000 && waited < 63_000, String(waited));
});

t.test('what is wrong with a site is said with what was expected', async (t) => {
  const cases: [string, SiteAnswerView, string, RegExp][] = [
    [
      'GET /',
      html('Welcome to nginx!'),
      'site_wrong',
      /expected the title "alice", found "Welcome to nginx!"/,
    ],
    ['GET /', { ...html(''), body: '' }, 'site_wrong', /found a page without title/],
    [
      'GET /',
      html('', 301, { location: 'https://alice.sites.example.net/' }),
      'site_wrong',
      /found HTTP 301 to https:\/\/alice/,
    ],
    ['GET /', html('preparing', 503), 'site_unreachable', /found HTTP 503/],
    ['GET /', html('Database Error', 500), 'site_wrong', /found HTTP 500, title "Database Error"/],
    ['POST /wp-login.php', html('Log In'), 'site_wrong', /expected a login of "admin".*found HTTP 200/],
    ['POST /wp-login.php', html('', 302, { location: '/elsewhere' }), 'site_wrong', /to \/elsewhere/],
    ['GET /wp-admin/', html('', 302, { location: '/wp-login.php' }), 'site_wrong', /expected wp-admin/],
  ];
  for (const [call, answer, code, detail] of cases) {
    const fake = fakeStep({ settings, site: site({ [call]: () => answer }) });
    const error = await failure(run('verify', fake.context));
    t.equal(error.code, code, `${call} ${String(detail)}`);
    t.match(error.detail, detail);
    t.equal(error.role, 'site');
    t.notMatch(error.message, /nginx|alice|HTTP/);
  }
});

t.test('an error that is not about the site is not waited out', async (t) => {
  const fake = fakeStep({
    settings,
    site: () => {
      throw new AgentError('aborted', 'stop');
    },
  });
  t.equal((await failure(run('verify', fake.context))).code, 'aborted');
  t.same(fake.slept, []);
});

t.test("the title is the order's own, else the configured one", async (t) => {
  const titled = (given: JsonObject, properties: JsonObject = {}): string =>
    siteTitle(fakeStep({ settings: settingsWith(given), properties }).context);
  t.equal(titled({}), 'alice');
  t.equal(titled({ title: 'Welcome to {fqdn} ({subdomain})' }), 'Welcome to alice.sites.example.net (alice)');
  t.equal(titled({}, { title: `  O'Neill &\n"Sons"\u0000 ` }), `O'Neill & "Sons"`);
  t.equal(titled({}, { title: '{fqdn}' }), '{fqdn}', 'a customer’s own title is taken literally');
  t.equal(titled({}, { title: ' \n ' }), 'alice');
  t.equal(titled({}, { title: 7 }), 'alice');
  t.equal(Array.from(titled({}, { title: '🎉'.repeat(300) })).length, 200);
});

t.test('a title is recognised in the shape that WordPress gives it', async (t) => {
  const shown = (page: string): string => titleOf(`<title>${page}</title>`) ?? '';
  t.ok(
    showsTitle(shown('O&#8217;Neill &amp; &#8220;Sons&#8221; &#8211; Just another site'), `O'Neill & "Sons"`),
  );
  t.ok(showsTitle(shown('2&#215;4 Wood&#8230;'), '2x4 Wood...'));
  t.ok(showsTitle(shown('Zażółć &#x1F389; 日本'), 'zażółć 🎉 日本'));
  t.ok(showsTitle('!!!', '***'), 'a title of signs only asks for any title');
  t.notOk(showsTitle('', '***'));
  t.notOk(showsTitle(shown('Welcome to nginx!'), 'alice'));
  t.equal(titleOf('<p>none</p>'), undefined);
  t.equal(shown('&#9999999; &bogus;'), '&#9999999; &bogus;');
});

t.test('the scripts are sound shell and hold what the template build needs', async (t) => {
  const recipe = wordpress.template(settings);
  t.same(
    recipe.scripts.map(({ name }) => name),
    ['wordpress/install-packages', 'wordpress/clean'],
  );
  const fake = fakeStep({ settings });
  await run('install', fake.context);
  const scripts = [...recipe.scripts, ...fake.scripts];
  t.equal(scripts.length, 3);
  for (const { name, body } of scripts) {
    const input = encodeScript({ name, body, values: { SITE_TITLE: `a'b $(id) "c"` } }, '0123456789abcdef');
    const { status, stderr } = spawnSync('/bin/sh', ['-n'], { input, encoding: 'utf8' });
    t.equal(status, 0, `${name}: ${stderr}`);
    t.notMatch(body, /\$\{[a-z]/i, `${name}: nothing of ours was meant to be filled in`);
  }
});
