/** What all modules can use of the agent, from the code of a module to the disk and to another system. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { shippedModules } from '../../../src/modules/loader.js';
import { testFolder } from '../../test-folder.js';
import { ended, engine, KEY, order, until } from './harness.js';

const CANARY = 'canary-Hx72-token-of-another-system';

for (const isOurs of [true, false])
  t.test(`a step of a module that runs in a ${isOurs ? 'thread' : 'process'} uses them all`, async (t) => {
    const heard: { authorization: string | undefined; body: string }[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        heard.push({ authorization: request.headers.authorization, body });
        response.writeHead(201).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const compiled = pathToFileURL(join(dirname(shippedModules()), 'test/fakes/errand/module.js')).href;
    const folder = testFolder(t, {
      state: {},
      'module.js': `export { default } from ${JSON.stringify(compiled)};\n`,
      lang: { 'en.json': '{"sites": "{n, plural, one {# site} other {# sites}}"}' },
      views: { 'page.eta': '<p><%= it.t("sites", { n: it.sites }) %> &amp; <%= "<b>" %></p>' },
    });
    const dir = join(folder, 'state');
    const path = join(folder, 'module.js');
    const house = await engine(t, dir, undefined, undefined, { path, isOurs });
    await house.runner.start();
    await house.state.services.commit(KEY, () => order({ url: `http://127.0.0.1:${port}/` }));
    const { jobs, data, secrets } = await until(house.state, ended);
    t.equal(jobs[0]?.status, 'completed', JSON.stringify(jobs[0]?.error));
    t.match(data, {
      ...{ page: '<p>2 sites &amp; &lt;b&gt;</p>' },
      ...{ answers: ['status 201', 'status 201'], made: 1, verified: true, open: true },
      ...{ unread: 'module_failed', token: { secret: 'token' } },
    });
    const password = secrets['db']?.reveal() ?? '';
    t.match(password, /^[A-Za-z0-9]{32}$/);
    t.same(heard, [{ authorization: `Bearer ${CANARY}`, body: JSON.stringify({ password, plain: 1 }) }]);
    t.match(
      [...house.calls.alerts.values()],
      [{ panel: 'default', serviceId: '12', text: 'The server is full.' }],
    );
    t.match(house.moduleLines, [
      {
        ...{ level: 'info', step: 'errand', message: 'asked' },
        fields: { shop: 1, request: { headers: { authorization: '[redacted]' } }, response: { status: 201 } },
      },
    ]);
    t.ok(
      house.log.some((line) => line.includes('"msg":"asked"')),
      'it is in the log of the agent too',
    );
    t.match(house.calls.ran, [{ name: 'ask', failed: false }]);
    await house.runner.stop();
    await house.state.close();
    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    t.ok(files.some(({ name }) => name.endsWith('.cache')));
    for (const { parentPath, name } of files) {
      const content = await readFile(join(parentPath, name), 'utf8');
      t.notOk(
        [CANARY, password].some((secret) => content.includes(secret)),
        `${name} holds no secret`,
      );
    }
    for (const line of house.log)
      t.notOk(
        [CANARY, password].some((secret) => line.includes(secret)),
        'nor does the log',
      );
  });
