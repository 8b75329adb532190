import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { panelServer, TOKEN } from '../fakes/panel-server.js';
import { selfSigned } from '../fakes/tls-files.js';
import { asObject, fields } from '../http/harness.js';
import { innkeeper, list } from './operator.js';
import { remoteHouse, SERVERS } from './remote-house.js';

t.test('servers are added, changed, tested and removed; credentials are sealed and masked', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  t.match(await house.get('/modules/product/panel'), {
    body: { parts: [], servers: { port: 8443, credentials: { required: ['token'] } } },
  });
  t.match(await house.get(SERVERS), { status: 200, body: { servers: [] } });
  const { status, body: web1 } = await add('web1', { max_accounts: 2 });
  t.equal(status, 201);
  t.match(web1, {
    ...{ name: 'web1', group: 'default', host: '127.0.0.1', port: panel.port, max_accounts: 2, active: true },
    tls: { enabled: false, ca: null, fingerprint: null },
    ...{ accounts: 0, room: 2, data: { prefix: 'u' }, credentials: { token: '********' } },
  });
  const path = `${SERVERS}/${String(web1['id'])}`;
  t.match(await house.post(`${path}/test`, {}), {
    body: { connected: true, message: 'Version 12.4', problem: null },
  });
  t.match(await add('WEB1'), { status: 409, body: { code: 'server_exists' } });
  t.match(await house.call('PATCH', path, { credentials: { token: '********' }, data: { prefix: 'x' } }), {
    status: 200,
    body: { data: { prefix: 'x' }, credentials: { token: '********' } },
  });
  t.match((await house.post(`${path}/test`, {})).body, { connected: true }, 'a mask keeps the credential');
  t.match(await house.call('PATCH', path, { credentials: { token: 'wrong-token' } }), { status: 200 });
  t.match((await house.post(`${path}/test`, {})).body, {
    ...{ connected: false, message: null, problem: /status 401/ },
  });
  await house.restart();
  t.match(await house.get(path), { body: { name: 'web1', data: { prefix: 'x' } } });
  t.match(await house.call('PATCH', path, { credentials: { token: TOKEN } }), { status: 200 });

  const config = fields(parse(await readFile(house.configFile, 'utf8')));
  const folder = join(String(fields(config['agent'])['state_dir']), 'servers');
  const [file = ''] = await readdir(folder);
  t.equal(file, `${String(web1['id'])}.json`);
  t.notMatch(await readFile(join(folder, file), 'utf8'), TOKEN, 'sealed at rest');
  const said = [...house.log, JSON.stringify((await house.get(SERVERS)).body)].join('\n');
  t.notMatch(said, TOKEN);
  t.match(await house.call('DELETE', path), { status: 200 });
  t.match(await house.get(path), { status: 404, body: { code: 'server_not_found' } });
});

t.test('what cannot be right is refused with its reason', async (t) => {
  const { house, add } = await remoteHouse(t);
  const cases: [object, Record<string, unknown>][] = [
    [{ host: 'https://panel.example.com' }, { host: /host name or an address/ }],
    [{ host: '' }, { host: /host name/ }],
    [{ port: 0 }, { port: /1 to 65535/ }],
    [{ credentials: {} }, { 'credentials.token': 'is missing' }],
    [{ credentials: { token: 'short' } }, { 'credentials.token': /8 characters/ }],
    [{ credentials: { token: TOKEN, 'A B': 'x' } }, { 'credentials.A B': /lower-case/ }],
    [{ data: { prefix: 1, more: {} } }, {}],
    [{ tls: { ca: 'no certificate' } }, { 'tls.ca': /PEM/ }],
    [{ tls: { fingerprint: 'ab:cd' } }, { 'tls.fingerprint': /64 digits/ }],
    [{ tls: { enabled: false, fingerprint: 'a'.repeat(64) } }, { 'tls.enabled': /true/ }],
    [{ max_accounts: -1 }, { max_accounts: /0 to/ }],
    [{ group: '../x' }, { group: /letters/ }],
  ];
  for (const [values, errors] of cases) {
    const { status, body } = await add('web1', values);
    if (Object.keys(errors).length > 0)
      t.match(
        { status, body },
        { status: 400, body: { code: 'invalid_request', errors } },
        JSON.stringify(values),
      );
  }
  t.match(await house.post('/modules/product/wordpress/servers', { name: 'a', host: 'b' }), {
    status: 409,
    body: { code: 'not_supported' },
  });
  t.match(await house.get('/modules/product/none/servers'), { status: 404 });
});

t.test('a test says why a server does not answer, and trusts only the pinned certificate', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  const certificate = await selfSigned();
  const { cert, fingerprint } = certificate;
  const secure = await panelServer(certificate);
  t.teardown(() => secure.close());
  const id = async (name: string, values: object): Promise<string> =>
    `${SERVERS}/${String((await add(name, values)).body['id'])}/test`;
  const tested = async (path: string) => (await house.post(path, {})).body;
  const own = { host: 'localhost', port: secure.port };
  t.match(await tested(await id('ca', { ...own, tls: { ca: cert } })), { connected: true });
  t.match(await tested(await id('system', { ...own, tls: {} })), {
    connected: false,
    problem: /certificate/,
  });
  t.match(await tested(await id('own', { ...own, tls: { fingerprint } })), { connected: true });
  const wrong = { ...own, tls: { fingerprint: 'AB:'.repeat(31) + 'AB' } };
  t.match(await tested(await id('pinned', wrong)), { connected: false, problem: /fingerprint/ });
  t.match(await tested(await id('closed', { port: 1 })), { connected: false, problem: /ECONNREFUSED/ });
  panel.fault = () => 'hang';
  t.match(await tested(await id('slow', {})), { connected: false, problem: /no response within 5 s/ });
});

t.test('the command line manages servers', async (t) => {
  const { house, panel } = await remoteHouse(t);
  const file = join(dirname(house.configFile), 'token.txt');
  await writeFile(file, `${TOKEN}\n`);
  const run = (...args: string[]) => innkeeper(house, 'module', 'server', ...args);
  const at = ['--host', '127.0.0.1', '--port', String(panel.port), '--no-tls'];
  const added = await run('add', 'product/panel', '--name', 'web1', ...at, '--credential', `token=${file}`);
  t.match(added, { code: 0, out: /name +web1\n/ }, added.err);
  t.match(await run('test', 'product/panel', 'web1'), { code: 0, out: /message +Version 12.4/ });
  t.match(await run('list', 'product/panel'), { out: /web1 +default +127\.0\.0\.1/ });
  t.match(await run('update', 'product/panel', 'web1', '--drain', '--max-accounts', '7'), { code: 0 });
  const shown = await run('show', 'product/panel', 'web1', '--json');
  t.match(asObject(shown.out), { active: false, max_accounts: 7, credentials: { token: '********' } });
  t.match(await run('update', 'product/panel', 'web1'), { code: 1, err: /Nothing to change/ });
  t.match(await run('add', 'product/panel', '--name', 'b', '--host', 'b', '--credential', 'token=/none'), {
    code: 1,
    err: /Cannot read \/none/,
  });
  t.match(await run('remove', 'product/panel', 'web1'), { code: 0, out: /removed/ });
  t.match(await run('show', 'product/panel', 'web1'), { code: 1, err: /no server/ });
  t.same(list((await house.get(SERVERS)).body['servers']), []);
  t.match(await readFile(file, 'utf8'), TOKEN);
});
