/** The daemon is killed while tasks run: none is lost, and none that was recorded as completed runs again. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { surroundings, until } from './daemon-process.js';
import { type Fields, order } from './harness.js';
import { innkeeper, list } from './operator.js';
import { testFolder } from '../test-folder.js';

const TASKS = 40;

const product = (runs: string): string => `
import { appendFileSync } from 'node:fs';
export default class Shop {
  info = { type: 'product', name: 'shop', title: 'Shop', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  parts = [];
  tasks = {
    work: async ({ input, task, sleep }) => {
      await sleep(20);
      appendFileSync(${JSON.stringify(runs)}, task.id + ' ' + input + '\\n');
    },
  };
  policy() { return {}; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() {
    return {
      make: {
        run: async ({ tasks }) => {
          for (let n = 0; n < ${TASKS}; n += 1)
            await tasks.add('work', { input: n, ...(n % 4 === 0 ? { key: 'one' } : {}) });
        },
      },
    };
  }
}`;

t.test('no task is lost, and a completed one does not run again', async (t) => {
  const more = testFolder(t);
  const folder = join(more, 'product', 'shop');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'module.js'), product(join(more, 'runs')));
  const { serve, configFile } = await surroundings(t, { modules: { paths: [more] } });
  const tasks = async (): Promise<Fields[]> => {
    const { out } = await innkeeper({ configFile }, 'task', 'list', '--json');
    return list(JSON.parse(out || '[]'));
  };
  const runs = async (): Promise<string[]> =>
    (await readFile(join(more, 'runs'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const isCompleted = ({ status }: Fields): boolean => status === 'completed';

  const first = await serve();
  t.match(await first.call('POST', '/create-site', order('a', { module: 'shop' })), { status: 202 });
  const before = await until(tasks, (all) => all.length === TASKS && all.filter(isCompleted).length >= 5);
  first.child.kill('SIGKILL');
  await first.gone;
  const ranBefore = await runs();
  const acknowledged = new Set(before.filter(isCompleted).map(({ id }) => id));
  t.ok(acknowledged.size < TASKS, 'some were still open');

  await serve();
  const after = await until(tasks, (all) => all.filter(isCompleted).length === TASKS);
  t.equal(after.length, TASKS);
  const ranAfter = (await runs()).slice(ranBefore.length);
  t.same(
    ranAfter.filter((line) => acknowledged.has(line.split(' ')[0])),
    [],
    'no acknowledged task ran again',
  );
  const inputs = [...ranBefore, ...ranAfter].map((line) => Number(line.split(' ')[1]));
  t.same(
    [...new Set(inputs)].sort((a, b) => a - b),
    Array.from({ length: TASKS }, (_, n) => n),
    'each ran',
  );
  // what a task had done when the daemon was killed, it may do once more
  t.ok(inputs.length <= TASKS + 4, `${inputs.length} runs`);
  const keyed = [...ranBefore, ...ranAfter]
    .map((line) => Number(line.split(' ')[1]))
    .filter((n) => n % 4 === 0);
  t.same(
    [...new Set(keyed)],
    [...new Set(keyed)].sort((a, b) => a - b),
    'tasks with one key kept their order',
  );
});
