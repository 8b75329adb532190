import { readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type Fields, openHouse, order } from './harness.js';
import { withAdmin } from './operator.js';

/** Plain JavaScript, without packages and without a build. */
const MODULE = `
import { AgentError, RecordProduct } from 'innkeeper/module';
export default class Key extends RecordProduct {
  info = { type: 'product', name: 'acme-key', title: 'Key', description: '', version: '1.0.0', author: 'Acme' };
  settings = { type: 'object', properties: { prefix: { type: 'string', default: 'K' } } };
  serviceData = { type: 'object', properties: { seats: { type: 'integer', default: 1 }, key: { type: 'string' } } };
  checkService({ seats }) {
    if (seats > 9) throw new AgentError('invalid_request', 'There are 9 seats.');
  }
  async create({ settings, service, saveData }) {
    await saveData({ key: settings.prefix + '-' + service.id });
  }
}`;

async function withKey(written: Fields, stateDir: string): Promise<Fields> {
  const folder = join(stateDir, 'more', 'product', 'acme-key');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'module.js'), MODULE);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return {
    ...(await withAdmin(written)),
    modules: { paths: [join(stateDir, 'more')] },
    plans: [
      { name: 'basic', memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 },
      { name: 'key', module: 'acme-key' },
    ],
  };
}

t.test('the code of a module imports innkeeper/module wherever it runs', async (t) => {
  const house = await openHouse(t, { config: withKey });
  // the declarations were read, and checkService runs, in the folder of the author
  await house.make('a', { plan: 'key', properties: { seats: 3 } });
  t.match(await house.status('a'), { status: 'active' });
  t.match((await house.get('/services/a')).body['data'], { seats: 3, key: 'K-a' });
  t.match(await house.post('/create-site', order('b', { plan: 'key', properties: { seats: 10 } })), {
    body: { error: 'There are 9 seats.' },
  });
  const link = join(house.world.stateDir, 'agent/modules/node_modules/innkeeper');
  t.equal(readlinkSync(link), dirname(shippedModules()), 'jobs find the kit beside the copies');
});
