/** Two builds of templates at once, with one configuration. */
import { pino } from 'pino';
import t from 'tap';
import { makeTemplate } from '../../src/boot/golden-template.js';
import { holdFile } from '../../src/state/files/file-lock.js';
import { openHouse } from '../e2e/harness.js';

t.test('a second build is refused while one is under way, and does nothing', async (t) => {
  const house = await openHouse(t);
  const before = await house.containers();
  const build = () =>
    makeTemplate({
      configFile: house.configFile,
      product: 'wordpress',
      replace: false,
      progress: () => undefined,
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
    });
  const other = await holdFile({ file: house.configFile, patienceS: 0, onLost: () => undefined });
  await t.rejects(build(), { code: 'service_busy', message: /Another template build is running/ });
  t.same(await house.containers(), before);
  await other?.release();
  t.match(await build(), [{ outcome: 'kept' }, { outcome: 'kept' }, { outcome: 'kept' }]);
  t.match(await build(), [{ outcome: 'kept' }], 'the lock is let go of');
});
