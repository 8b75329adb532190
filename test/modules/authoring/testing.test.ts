import t from 'tap';
import {
  AgentError,
  type JobFlow,
  type ModuleInfo,
  RecordProduct,
  type StepContext,
} from '../../../src/modules/authoring/module.js';
import { fakeService, fakeStep } from '../../../src/modules/authoring/testing.js';
import Vault from '../../fakes/vault/module.js';
import { testFolder } from '../../test-folder.js';

class Shop extends RecordProduct {
  readonly info: ModuleInfo = {
    ...{ type: 'product', name: 'shop', title: 'Shop', description: '', version: '1.0.0', author: '' },
  };
  readonly settings = { type: 'object' };
  override readonly collections = {
    orders: {
      schema: { type: 'object', properties: { no: { type: 'integer' }, key: { type: 'string' } } },
      indexes: { no: ['no'] },
      unique: { key: ['key'] },
    },
  };
  override readonly actions = {
    touch: { title: 'Touch', flow: (): JobFlow => ({ touch: { run: async () => ({ touched: true }) } }) },
  };
  steps: JobFlow = {};
  override createJob(): JobFlow {
    return this.steps;
  }
}

const shopWith = (steps: JobFlow): Shop => Object.assign(new Shop(), { steps });
const one = (run: (context: StepContext) => Promise<void>): JobFlow => ({ step: { run } });

t.test('a job runs, and what it did can be read', async (t) => {
  const service = fakeService({
    settings: { url: 'https://api.test' },
    http: ({ url, bearer }, reveal) => ({ status: 201, json: { url, token: reveal(bearer) } }),
  });
  const shop = shopWith({
    ask: {
      async run({ secrets, http, saveData, log, mail, alerts }) {
        const token = await secrets.put('token', 'canary');
        const { body } = await http.request({ url: '/a', method: 'POST', bearer: token });
        await saveData({ body });
        log.info('asked', { status: 201 });
        await mail.send({
          server: { host: 'mail.test' },
          from: 'a@b.test',
          to: ['c@d.test'],
          subject: 'x',
          text: 'y',
        });
        await alerts.raise('full', { text: 'It is full.' });
        return { asked: true };
      },
    },
    wait: { after: ['ask'], run: (context) => context.sleep(5000) },
  });
  const job = await service.run(shop, 'create');
  t.equal(job.outcome, 'completed');
  t.same(service.data, { body: '{"url":"/a","token":"canary"}' });
  t.match(job.steps, [
    { name: 'ask', status: 'done', result: { asked: true } },
    { name: 'wait', status: 'done' },
  ]);
  t.match(service.logs, [{ level: 'info', message: 'asked', fields: { status: 201 } }]);
  t.match(service.mails, [{ subject: 'x' }]);
  t.same([...service.alerts.keys()], ['full']);
  t.same(service.slept, [5000]);
  t.equal((await service.run(shop, 'touch')).outcome, 'completed', 'an action by its name');
});

t.test('a failed job is undone, the newest step first, and a job can be continued', async (t) => {
  const done: string[] = [];
  let isDown = true;
  const step = (name: string, run: () => Promise<void> = async () => undefined) => ({
    async run(context: StepContext) {
      done.push(`${name} ${JSON.stringify(context.notes)}`);
      await context.note({ begun: name });
      await run();
    },
    undo: async ({ notes }: StepContext) => void done.push(`undo ${name} ${JSON.stringify(notes)}`),
  });
  const shop = shopWith({
    a: step('a'),
    b: {
      after: ['a'],
      ...step('b', async () => {
        if (isDown) throw new AgentError('remote_failed', 'It is down.');
      }),
    },
  });
  const service = fakeService();
  const failed = await service.run(shop, 'create');
  t.match(failed, { outcome: 'failed', step: 'b', error: { code: 'remote_failed' } });
  isDown = false;
  t.equal((await failed.again()).outcome, 'completed');
  t.same(done, ['a {}', 'b {}', 'b {"begun":"b"}'], 'the step has its notes again');
  done.length = 0;
  t.equal((await failed.undo()).outcome, 'undone');
  t.same(done, ['undo b {"begun":"b"}', 'undo a {"begun":"a"}']);
});

t.test('calls are checked as the agent checks them', async (t) => {
  const errorOf = async (run: (context: StepContext) => Promise<void>) =>
    (await fakeService().run(shopWith(one(run)), 'create')).error;
  t.match(await errorOf(({ container }) => container.start()), {
    code: 'not_supported',
    detail: /container\.start needs the part "guest"/,
  });
  t.match(await errorOf(({ log, saveData }) => (log.info('x'), saveData({ at: new Date() as never }))), {
    code: 'module_failed',
    detail: /data\.save\[0\]\.at/,
  });
  t.match(
    await errorOf(async ({ http, saveData }) =>
      saveData({ ...(await http.request({ url: '/', method: 'BREW' as never })) }),
    ),
    {
      code: 'module_failed',
      detail: /http\.request/,
    },
  );
  t.match(await errorOf(async ({ http, saveData }) => saveData({ ...(await http.request({ url: '/' })) })), {
    code: 'remote_unreachable',
    detail: /give the option `http`/,
  });
  t.match(await errorOf((context) => context.note({ long: 'x'.repeat(20_000) })), { code: 'module_failed' });
});

t.test('a container behaves like one', async (t) => {
  const service = fakeService();
  const vault = new Vault();
  t.equal((await service.run(vault, 'create')).outcome, 'completed');
  t.same(service.things, ['container', 'high-availability resource']);
  t.equal((await service.run(vault, 'stop')).outcome, 'completed');
  t.match(await service.context(vault).container.look(), { power: 'stopped' });
  await t.rejects(service.context(vault).container.run({ name: 'x/y', body: 'true', values: {} }), {
    code: 'container_host_failed',
  });
  t.equal((await service.run(vault, 'delete')).outcome, 'completed');
  t.same(service.things, []);
});

t.test('collections have keys, indexes, versions and unique values', async (t) => {
  const service = fakeService();
  const { collections } = service.context(new Shop());
  const made = await collections.create('orders', { key: 'a', data: { no: 2, key: 'x' } });
  await collections.create('orders', { key: 'b', data: { no: 1, key: 'y' } });
  await t.rejects(collections.create('orders', { data: { no: 3, key: 'x' } }), { code: 'document_conflict' });
  await t.rejects(collections.create('orders', { key: 'a', data: {} }), { code: 'document_conflict' });
  await t.rejects(collections.create('orders', { data: { no: 'one' } }), { code: 'module_failed' });
  t.match(await collections.page('orders', { index: 'no', limit: 1 }), {
    documents: [{ key: 'b' }],
    next: '1',
  });
  t.match(await collections.find('orders', 'key', ['x']), { key: 'a', version: 1 });
  await collections.update('orders', 'a', { no: 5, key: 'x' }, made.version);
  await t.rejects(collections.update('orders', 'a', { no: 6 }, made.version), { code: 'document_conflict' });
  t.equal(await collections.delete('orders', 'b'), true);
  t.equal(await collections.delete('orders', 'b'), false);
  t.same(service.things, ['document orders/a']);
});

t.test('texts and views come from the folder of the module', async (t) => {
  const folder = testFolder(t, {
    lang: { 'en.json': '{"hello": "Hello {name}"}', 'de.json': '{"hello": "Hallo {name}"}' },
    views: { 'page.eta': '<p><%= it.t("hello", { name: it.name }) %></p>' },
  });
  const { context } = fakeStep({ folder, service: { locale: 'de-AT' } });
  t.equal(context.t('hello', { name: 'Ada' }), 'Hallo Ada');
  t.equal(await context.view('page', { name: '<Ada>' }), '<p>Hallo &lt;Ada&gt;</p>');
});

t.test('an answer of the test takes the place of the usual one', async (t) => {
  const { context, calls } = fakeStep({ answers: { 'cache.get': () => 'kept' } });
  t.equal(await context.cache.get('a'), 'kept');
  t.same(calls, ['cache.get a']);
});
