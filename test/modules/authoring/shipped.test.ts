import { dirname } from 'node:path';
import t from 'tap';
import { checkModule } from '../../../src/modules/authoring/check/check-module.js';
import { findModules, shippedModules } from '../../../src/modules/loader.js';

t.test('the shipped modules pass the conformance suite', async (t) => {
  const shipped = await findModules([shippedModules()]);
  t.ok(shipped.some(({ name }) => name === 'wordpress'));
  for (const { type, name, path } of shipped) {
    const wrong = (await checkModule(dirname(path), true)).filter(({ problems }) => problems.length > 0);
    t.same(
      wrong.flatMap(({ line, problems }) => problems.map((problem) => `${line}: ${problem}`)),
      [],
      `${type}/${name}`,
    );
  }
});
