import { readFile } from 'node:fs/promises';
import t from 'tap';

/** The example is a module of the tests, which is compiled and runs there. */
t.test('the example of a product on servers is the module that the tests run', async (t) => {
  const page = await readFile('docs/writing-a-module.md', 'utf8');
  const module = await readFile('test/fakes/panel/module.ts', 'utf8');
  const code = module.slice(module.indexOf('export default class'));
  const examples = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, example]) => example);
  t.ok(examples.includes(code), 'copy test/fakes/panel/module.ts into the page');
});
