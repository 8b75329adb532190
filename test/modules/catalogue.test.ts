import t from 'tap';
import { readCatalogue } from '../../src/modules/catalogue.js';
import type { DeclarationsCache } from '../../src/modules/discovery/declarations-cache.js';
import { testConfig } from '../fakes/config.js';

/** A cache that is empty and keeps nothing; the keys it was asked for. */
function emptyCache(): { readonly cache: DeclarationsCache; readonly asked: string[] } {
  const asked: string[] = [];
  const cache: DeclarationsCache = {
    async find({ type, name }) {
      asked.push(`${type}/${name}`);
      return undefined;
    },
    keep: async () => {},
  };
  return { cache, asked };
}

t.test('shipped modules with default settings are not read: the build has their declarations', async (t) => {
  const { cache, asked } = emptyCache();
  const built = await readCatalogue(testConfig(), { cache });
  t.same(asked, []);
  const product = built.products.get('wordpress');
  t.match(product.declared, { info: { name: 'wordpress' }, parts: ['guest', 'site'] });
  const other = { wordpress: { ...product.settings } };
  const read = await readCatalogue({ ...testConfig(), products: other }, { cache });
  t.same(asked, ['product/wordpress'], 'with settings of the configuration it is read');
  t.same(read.products.get('wordpress').declared, product.declared);
});
