import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { checkModule } from '../../src/modules/authoring/check/check-module.js';
import { writeModule } from '../../src/modules/authoring/new/write-module.js';
import { shippedModules } from '../../src/modules/loader.js';
import { testFolder } from '../test-folder.js';

t.test('the module of the tutorial works as it is printed', async (t) => {
  const page = await readFile('docs/writing-a-module.md', 'utf8');
  const tutorial = page.slice(page.indexOf('## Tutorial'), page.indexOf('\n## Location'));
  const blocks = [...tutorial.matchAll(/```(js|json)\n([^]*?)```/g)].map(([, , text = '']) => text);
  t.equal(blocks.length, 4);
  const [code = '', texts = '', conformance = '', test = ''] = blocks;

  const dir = testFolder(t);
  const build = dirname(shippedModules());
  await mkdir(join(dir, 'node_modules'));
  await symlink(build, join(dir, 'node_modules/innkeeper'));
  await writeModule({ type: 'product', name: 'acme-mailbox', dir, author: 'Acme', now: new Date() });
  const folder = join(dir, 'product/acme-mailbox');
  await writeFile(join(folder, 'module.js'), code);
  for (const language of ['en', 'de']) await writeFile(join(folder, `lang/${language}.json`), texts);
  await writeFile(join(folder, 'conformance.js'), conformance);
  await writeFile(join(dir, 'test/product-acme-mailbox.test.js'), test);

  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const tests = spawnSync(process.execPath, ['--test'], { cwd: dir, encoding: 'utf8', env });
  t.equal(tests.status, 0, tests.stdout);
  const wrongOf = async () => (await checkModule(folder)).flatMap(({ problems }) => problems);
  t.same(await wrongOf(), []);

  await writeFile(join(folder, 'module.js'), code.replace('!== 404', '!== 410'));
  t.match((await wrongOf()).join('\n'), /when every undo runs twice, .*The mail server did not accept/);
});
