import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import t, { type Test } from 'tap';
import { discover, readerOf } from '../../../src/modules/discovery/discover.js';
import { readLimits } from '../../../src/modules/discovery/read-module.js';
import { findModules, shippedModules } from '../../../src/modules/loader.js';
import { testFolder } from '../../test-folder.js';

const REPOSITORY = process.cwd();
/** npm writes its own files there. */
const NPM_CACHE = join(tmpdir(), `innkeeper-npm-${process.pid}`);
t.teardown(() => rm(NPM_CACHE, { recursive: true, force: true }));

const MAILBOX = `
import { AgentError, RecordProduct } from 'innkeeper/module';

export default class Mailbox extends RecordProduct {
  info = {
    type: 'product', name: 'acme-mailbox', title: 'Mailbox', description: 'A mailbox', version: '1.0.0', author: 'Acme',
  };
  settings = { type: 'object', properties: { url: { type: 'string', default: 'https://mail.example' } } };

  async create({ http, settings, service, saveData }) {
    const { status, body } = await http.request({ baseUrl: settings.url, url: '/boxes', method: 'POST', json: { owner: service.email } });
    if (status !== 201) throw new AgentError('remote_failed', 'The mailbox cannot be created.', { detail: \`status \${status}\` });
    await saveData({ box: JSON.parse(body).id });
  }

  async remove({ http, settings, service }) {
    if (service.data.box !== undefined) await http.request({ baseUrl: settings.url, url: \`/boxes/\${service.data.box}\`, method: 'DELETE' });
  }
}
`;

const TEST = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeService } from 'innkeeper/module/testing';
import Mailbox from '../product/acme-mailbox/module.js';

test('a mailbox is made and removed', async () => {
  const boxes = new Set();
  const service = fakeService({
    settings: { url: 'https://mail.example' },
    http({ method, url }) {
      if (method === 'POST') boxes.add('7');
      else boxes.delete(url.split('/').at(-1));
      return method === 'POST' ? { status: 201, json: { id: '7' } } : { status: 204 };
    },
  });
  const job = await service.run(new Mailbox(), 'create');
  assert.equal(job.outcome, 'completed');
  assert.deepEqual(service.data, { box: '7' });
  assert.equal((await job.undo()).outcome, 'undone');
  assert.equal(boxes.size, 0);
});
`;

/** The same module with types, and one use of each entry. */
const TYPED = `
import { AgentError, GuestProduct, type ContainerSource, type ModuleInfo, type StepContext } from 'innkeeper/module';
import { fakeStep, type Answers } from 'innkeeper/module/testing';

export default class Game extends GuestProduct {
  readonly info: ModuleInfo = {
    type: 'product', name: 'acme-game', title: 'Game', description: '', version: '1.0.0', author: 'Acme',
  };
  readonly settings = { type: 'object', properties: { port: { type: 'integer', default: 25565 } } };

  override source(): ContainerSource {
    return { kind: 'os' };
  }

  protected override async install({ container, secrets, settings }: StepContext): Promise<void> {
    const password = await secrets.ensure('rcon');
    await container.run({ name: 'game/install', body: 'true', values: { PORT: String(settings['port']), RCON: password } });
    if (settings['port'] === 0) throw new AgentError('recipe_failed', 'There is no port.');
  }
}

export const answers: Answers = { 'cache.get': () => 7 };
export const step = fakeStep({ answers, settings: { port: 1 } });
`;

const WRONG = `
import { fakeStep } from 'innkeeper/module/testing';
export const step = fakeStep({ answers: { 'cache.gett': () => 7 } });
`;

const COMPILER = {
  ...{ target: 'ES2023', module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: false },
  ...{ types: ['node'], typeRoots: [join(REPOSITORY, 'node_modules/@types')] },
};

function run(folder: string, command: string, ...args: string[]): { code: number | null; said: string } {
  // a test of node --test must not see that it runs in a test
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, npm_config_cache: NPM_CACHE };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
  return { code: status, said: `${stdout}${stderr}` };
}

/** A project of an author, with the packed agent installed as a dependency, without network. */
async function project(t: Test): Promise<string> {
  const folder = testFolder(t, { 'package.json': '{"type": "module", "private": true}' });
  const packed = run(REPOSITORY, process.execPath, 'pack.mjs', '--to', folder);
  t.equal(packed.code, 0, packed.said);
  const tgz = packed.said.trim().split('\n').at(-1) ?? '';
  const installed = run(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', tgz);
  t.equal(installed.code, 0, installed.said);
  await mkdir(join(folder, 'product/acme-mailbox'), { recursive: true });
  await mkdir(join(folder, 'product/acme-game'), { recursive: true });
  await mkdir(join(folder, 'test'));
  await writeFile(join(folder, 'product/acme-mailbox/module.js'), MAILBOX);
  await writeFile(join(folder, 'test/mailbox.test.js'), TEST);
  await writeFile(join(folder, 'game.ts'), TYPED);
  await writeFile(join(folder, 'wrong.ts'), WRONG);
  return folder;
}

t.test('an author uses the packed kit outside of the repository', async (t) => {
  const folder = await project(t);

  const version = run(folder, join(folder, 'node_modules/.bin/innkeeper'), '--version');
  t.equal(version.code, 0, version.said);
  const { dependencies } = JSON.parse(
    await readFile(join(folder, 'node_modules/innkeeper/package.json'), 'utf8'),
  ) as { dependencies?: object };
  t.equal(dependencies, undefined, 'the package needs no other');

  const tests = run(folder, process.execPath, '--test', 'test/');
  t.equal(tests.code, 0, tests.said);
  t.match(tests.said, /pass 1/);

  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
  const check = async (file: string) => {
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: COMPILER, files: [file] }),
    );
    return run(folder, tsc, '-p', 'tsconfig.json');
  };
  const right = await check('game.ts');
  t.equal(right.code, 0, right.said);
  const wrong = await check('wrong.ts');
  t.not(wrong.code, 0);
  t.match(wrong.said, /cache\.gett/, 'calls are known by name');

  await build({
    entryPoints: [join(folder, 'game.ts')],
    outfile: join(folder, 'product/acme-game/module.js'),
    ...{ bundle: true, format: 'esm', platform: 'node', external: ['innkeeper/*'], logLevel: 'silent' },
  }).catch((error: unknown) => t.fail(String(error)));
  const deps = {
    reader: readerOf(dirname(shippedModules())),
    isShipped: () => false,
    limits: readLimits(60),
  };
  const found = await discover(deps, await findModules([resolve(folder)]), {});
  t.match(
    found.map(({ name, problem }) => [name, problem]),
    [
      ['acme-game', null],
      ['acme-mailbox', null],
    ],
  );
  t.ok(found[0]?.read?.declared.abilities.includes('makeBackup'));
});
