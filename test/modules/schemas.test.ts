import t from 'tap';
import { importModule } from '../../src/jobs/engine/import-module.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { dataCheck } from '../../src/model/data-check.js';
import { schemaProblem } from '../../src/model/data-schema.js';
import { checkSettings } from '../../src/modules/discovery/settings.js';
import { findModules, shippedModules } from '../../src/modules/loader.js';

t.test('every schema of every shipped module works after it went through JSON', async (t) => {
  const found = await findModules([shippedModules()]);
  t.ok(found.length > 0);
  for (const { type, name, path } of found) {
    const module = await importModule(path);
    const copied = (schema: unknown): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;
    const { settings } = checkSettings(module.settings, '', {});
    t.same(checkSettings(copied(module.settings), '', {}).settings, settings, `${type}/${name}: settings`);
    t.same(dataCheck(copied(module.settings))({}).data, settings, `${type}/${name}: the same defaults`);
    for (const member of ['productData', 'serviceData'] as const) {
      const schema: unknown = Reflect.get(module, member);
      if (schema === undefined) continue;
      t.equal(
        schemaProblem(copied(schema), member === 'serviceData'),
        undefined,
        `${type}/${name}: ${member}`,
      );
      t.doesNotThrow(() => dataCheck(copied(schema)));
    }
  }
});
