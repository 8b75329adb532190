/**
 * docs/openapi.json as it is shipped: in step with the program, without fault, and good enough to make a client from.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { openapiText } from '../../tools/openapi-text.js';
import { asObject, fields, makeRig } from '../harness.js';

const run = promisify(execFile);
const SHIPPED = resolve('docs/openapi.json');

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'innkeeper-openapi-'));
  t.teardown(() => rm(path, { recursive: true }));
  return path;
}

t.test('the shipped document is the one that the agent serves', async (t) => {
  t.equal(await readFile(SHIPPED, 'utf8'), await openapiText('network'), 'it is out of date: npm run docs');
});

t.test('the recommended rules find nothing, neither here nor at the unix socket', async (t) => {
  const socket = join(await folder(t), 'socket.json');
  await writeFile(socket, await openapiText('socket'));
  const lint = resolve('node_modules/@redocly/cli/bin/cli.js');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  for (const path of [SHIPPED, socket]) {
    const options = [lint, 'lint', path, '--extends=recommended', '--format=json'];
    const { stdout } = await run(process.execPath, options, { env }).catch((error: unknown) => ({
      stdout: String(fields(error)['stdout']),
    }));
    const { totals, problems } = asObject(stdout);
    t.same(problems, []);
    t.match(totals, { errors: 0, warnings: 0, ignored: 0 });
  }
});

t.test('a client that is generated from it compiles, and orders a site', async (t) => {
  const dir = await folder(t);
  await symlink(resolve('node_modules'), join(dir, 'node_modules'));
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await copyFile('test/fixtures/client/order-site.ts.txt', join(dir, 'order-site.ts'));
  const generator = resolve('node_modules/openapi-typescript/bin/cli.js');
  await run(process.execPath, [generator, SHIPPED, '--output', join(dir, 'api.d.ts')]);
  const options = ['--strict', '--skipLibCheck', '--module', 'NodeNext', '--target', 'ES2023', '--types', ''];
  const compiled = await run(resolve('node_modules/.bin/tsc'), [...options, join(dir, 'order-site.ts')], {
    cwd: dir,
  }).catch((error: unknown) => ({ stdout: String(fields(error)['stdout']) }));
  t.equal(compiled.stdout, '', 'the compiler has nothing to say');
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const baseUrl = await rig.app.listen({ host: '127.0.0.1', port: 0 });
  const client: unknown = await import(pathToFileURL(join(dir, 'order-site.js')).href);
  const { orderSite } = fields(client);
  if (typeof orderSite !== 'function') throw new Error('the client exports no orderSite');
  const answer: unknown = await (orderSite as (baseUrl: string, token: string) => Promise<unknown>)(
    baseUrl,
    rig.tokens.panel,
  );
  t.match(answer, {
    order: { success: true, service_id: '12345', status: 'processing', subdomain: 'customer' },
    job: { method: 'create', status: 'queued', steps: [] },
    status: 'processing',
    code: 'service_not_found',
    events: [{ type: 'service.ordered', data: { plan: 'basic' } }, { type: 'job.queued' }],
  });
});
