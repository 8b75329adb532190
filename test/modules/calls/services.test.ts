/** What a module may read of services. */
import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import type { ServiceSummary } from '../../../src/modules/kit/module-call-types.js';
import { aService } from '../../fakes/samples.js';
import { moduleCalls } from './harness.js';

const READER = { module: { type: 'product', name: 'reader' } };
const own = { module: { type: 'product', name: 'reader' } } as const;

const SERVICES = [
  aService({ id: '12', data: { canary: 'of another module' }, secrets: { p: new Secret('canary-Ww09') } }),
  aService({ id: '13', lifecycle: 'active', data: { mine: 1 }, ...own }),
  aService({ id: '14', lifecycle: 'suspended', suspendedFor: ['billing'], ...own }),
  aService({ panel: 'staging', id: '12', lifecycle: 'active' }),
];

t.test('a module that does not declare it reads no service', async (t) => {
  const { call } = await moduleCalls(t, { services: SERVICES });
  for (const refused of [() => call('services.get', '12'), () => call('services.page')])
    await t.rejects(async () => refused(), { code: 'module_failed', detail: /reads: \['services'\]/ });
});

t.test('a module that declares it reads each service, without its secrets', async (t) => {
  const { call } = (await moduleCalls(t, { services: SERVICES })).as(READER);
  const found = await call('services.get', '12');
  t.match(found, { panel: 'default', id: '12', module: String, plan: 'basic', data: null });
  t.notMatch(JSON.stringify(found), /canary|secret/);
  t.match(
    await call('services.get', '13'),
    { status: 'active', data: { mine: 1 } },
    'its own, with its data',
  );
  t.match(await call('services.get', '12', 'staging'), { panel: 'staging' });
  for (const id of ['none', '..', '../12', '__proto__']) t.equal(await call('services.get', id), null, id);
});

t.test('pages go through all services once, and filters select', async (t) => {
  const { call } = (await moduleCalls(t, { services: SERVICES })).as(READER);
  const keys = (services: readonly ServiceSummary[]): string[] =>
    services.map(({ panel, id }) => `${panel}/${id}`);
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page: { services: readonly ServiceSummary[]; next: string | null } = await call('services.page', {
      limit: 3,
      ...(after === null ? {} : { after }),
    });
    seen.push(...keys(page.services));
    after = page.next;
  } while (after !== null);
  t.same(seen, ['default/12', 'default/13', 'default/14', 'staging/12']);
  const select = async (query: object): Promise<string[]> =>
    keys((await call('services.page', query)).services);
  t.same(await select({ module: 'reader' }), ['default/13', 'default/14']);
  t.same(await select({ status: 'suspended' }), ['default/14']);
  t.same(await select({ panel: 'staging', status: 'active' }), ['staging/12']);
  t.same(await select({ plan: 'none' }), []);
});
