import t from 'tap';
import type { JobFlow } from '../../src/modules/kit/module.js';
import Vault from '../fakes/vault/module.js';
import { registeredProduct } from '../fakes/registered-product.js';
import { fakeStep } from '../fakes/step-context.js';

const about = (flow: JobFlow): string[] =>
  Object.entries(flow).map(([name, { after = [], concerns = '' }]) => `${name}(${after.join()}) ${concerns}`);

t.test('a product in a container without a site declares what it has', async (t) => {
  const { declared } = registeredProduct(new Vault());
  t.same(declared.parts, ['guest']);
  t.same(declared.source, { kind: 'os' });
  for (const kind of ['start', 'stop', 'restart', 'makeBackup', 'rollback', 'reset', 'upgrade', 'repair'])
    t.ok(declared.abilities.includes(kind), kind);
  for (const kind of ['addDomain', 'removeDomain', 'setPrimary', 'toggle', 'loginLink', 'resetPassword'])
    t.notOk(declared.abilities.includes(kind), kind);
});

t.test('no flow touches DNS or the proxy', async (t) => {
  const product = new Vault();
  for (const kind of registeredProduct(product).declared.abilities) {
    const flow = product.flow(kind);
    for (const line of about(flow)) t.notMatch(line, /dns|proxy/, kind);
    const names = Object.keys(flow);
    for (const [name, { after = [] }] of Object.entries(flow))
      for (const other of after) t.ok(names.includes(other), `${kind}: ${name} after ${other}`);
  }
  t.same(about(product.flow('create')), [
    'allocate() ',
    'container(allocate) container',
    'start(container) container',
    'install(start) ',
    'verify(install) ',
    'snapshot(verify) snapshot',
    'ha(snapshot) ha',
  ]);
});

t.test('its flows run for a service that has no site', async (t) => {
  const product = new Vault();
  for (const kind of ['start', 'restart', 'suspend', 'unsuspend', 'delete', 'restore', 'setEmail'] as const) {
    const { context, calls } = fakeStep({ args: { reason: 'billing' } });
    const service = { ...context.service, site: null };
    for (const step of Object.values(product.flow(kind))) await step.run({ ...context, service });
    t.notMatch(calls.join('\n'), /dns|proxy|site/, kind);
  }
});
