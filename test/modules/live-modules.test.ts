import t from 'tap';
import type { Catalogue } from '../../src/modules/catalogue.js';
import { liveModules } from '../../src/modules/live-modules.js';

const catalogue = (...names: string[]): Catalogue => {
  const byName = new Map(names.map((name) => [name, { info: { name } }]));
  const products: unknown = {
    list: () => [...byName.values()],
    find: (name: string) => byName.get(name),
    get: (name: string) => byName.get(name),
  };
  const modules: unknown = names.map((name) => ({ name }));
  return { products, modules, shipped: [], fatal: [], problems: [], unreadable: [] } as unknown as Catalogue;
};

/** A scan that ends when the test says so. */
function held() {
  const log: string[] = [];
  let next: { resolve: (value: Catalogue) => void; reject: (error: Error) => void } | undefined;
  const live = liveModules(catalogue('first'), {
    read: () =>
      new Promise((resolve, reject) => {
        log.push('read');
        next = { resolve, reject };
      }),
    arrange: (read) => read as Catalogue,
    prepare: async ({ products }) => {
      log.push(`prepared ${products.list().length}, used ${live.known().length}`);
    },
  });
  return { live, log, scan: () => next };
}

t.test('modules are used when they are prepared, and callers share a scan', async (t) => {
  const { live, log, scan } = held();
  t.equal(await live.rescan(1), false, 'the scan goes on');
  t.ok(live.products.find('first'));
  const second = live.rescan(60_000);
  t.same(log, ['read'], 'the second call joins the scan');
  scan()?.resolve(catalogue('first', 'more'));
  t.equal(await second, true);
  t.same(log, ['read', 'prepared 2, used 1']);
  t.match(live.products.get('more'), { info: { name: 'more' } });
  t.equal(live.products.list().length, 2);
  t.match(live.known(), [{ name: 'first' }, { name: 'more' }]);
});

t.test('a scan that fails changes nothing, and the next one is another', async (t) => {
  const { live, log, scan } = held();
  const failed = live.rescan(60_000);
  scan()?.reject(new Error('no reader'));
  await t.rejects(failed, /no reader/);
  t.match(live.known(), [{ name: 'first' }]);
  const again = live.rescan(60_000);
  scan()?.resolve(catalogue());
  t.equal(await again, true);
  t.same(live.known(), []);
  t.same(log, ['read', 'read', 'prepared 0, used 1']);
});

t.test('what is read while the daemon stops is not used', async (t) => {
  const { live, log, scan } = held();
  const ends = live.rescan(60_000);
  await live.close();
  scan()?.resolve(catalogue('first', 'more'));
  await ends;
  t.same(log, ['read']);
  t.match(live.known(), [{ name: 'first' }]);
});
