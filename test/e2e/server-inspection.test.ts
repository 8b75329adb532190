import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, order } from './harness.js';
import { alertsOf, completed, innkeeper, list } from './operator.js';
import { panelServer } from '../fakes/panel-server.js';
import { remoteHouse, SERVERS } from './remote-house.js';

const OFTEN = { inspect_every_s: 1 };
const drift = (status: Fields): Fields[] => list(status['drift']);

t.test('inspections are shown in the status, as drift, and in metrics', async (t) => {
  const { house, panel, add } = await remoteHouse(t, { reconcile: { every_s: 1, confirm_s: 1 } }, OFTEN);
  await add('web1', { max_accounts: 5 });
  await house.post('/create-site', order('a', { plan: 'hosting' }));
  await house.untilStatus('a', completed);
  const usage = (status: Fields): Fields => fields(status['usage']);
  const seen = await house.untilStatus('a', (status) => usage(status)['disk_bytes'] !== null);
  t.match(seen, { reachable: true, usage: { disk_bytes: 1_000_000, other: { mailboxes: 3 } }, drift: [] });
  const servers = await house.until(SERVERS, ({ servers: all }) => list(all)[0]?.['reachable'] === true);
  t.match(list(servers['servers']), [{ problem: null, checked_at: /^20/ }]);
  const metrics = await house.text('/metrics');
  t.match(metrics, /innkeeper_server_accounts\{module="product\/panel",server="web1"\} 1/);
  t.match(metrics, /innkeeper_server_up\{module="product\/panel",server="web1"\} 1/);
  t.match(metrics, /innkeeper_server_usage\{module="product\/panel",server="web1",name="mailboxes"\} 3/);

  const account = panel.accounts.get('ua');
  if (account) account.suspended = true;
  t.match(drift(await house.untilStatus('a', (status) => drift(status).length > 0)), [
    { part: 'account', problem: 'different' },
  ]);
  panel.accounts.delete('ua');
  await house.untilStatus('a', (status) => drift(status)[0]?.['problem'] === 'missing');
  panel.fault = () => 'drop';
  const stale = await house.untilStatus('a', ({ reachable }) => reachable === false);
  t.match(stale, { stale_since: /^20/ });
});

t.test('a server that does not respond raises an alert, and delays no other server', async (t) => {
  const { house, panel, add } = await remoteHouse(t, {}, OFTEN);
  const slow = await panelServer();
  t.teardown(() => slow.close());
  slow.fault = () => 'hang';
  await add('slow', { port: slow.port });
  await add('web1');
  await house.until(SERVERS, ({ servers }) => list(servers)[1]?.['reachable'] === true);
  t.match(await alertsOf(house, 'server_unreachable', 1), [
    { text: /^The server slow of the module product\/panel does not respond/ },
  ]);
  t.match((await innkeeper(house, 'doctor')).out, /servers of modules +2 can be reached/);
  slow.fault = () => undefined;
  await alertsOf(house, 'server_unreachable', 0);
  await slow.close();
  await house.until(SERVERS, ({ servers }) => list(servers)[0]?.['reachable'] === false);
  t.match((await innkeeper(house, 'doctor')).out, /slow \(127\.0\.0\.1, port \d+\) cannot be reached/);
  t.equal(panel.accounts.size, 0);
});
