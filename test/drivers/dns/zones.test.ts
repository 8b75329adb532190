/** Customers' zones: what the server acknowledged is compared with what was sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import { powerDnsDriver } from '../../../src/drivers/dns/powerdns/index.js';
import { asObject, fields } from '../../http/harness.js';

const call = () => plainCall(new AbortController().signal);

/** A server that takes changes with 204, and does with them what `keep` says. */
async function lying(t: Test, keep: (set: Record<string, unknown>) => Record<string, unknown> | undefined) {
  const sets: Record<string, unknown>[] = [];
  const server = createServer((asked, answer) => {
    void (async () => {
      let text = '';
      for await (const chunk of asked) text += String(chunk);
      if (asked.method === 'GET')
        return answer.end(JSON.stringify({ name: 'customer.org.', account: 'innkeeper', rrsets: sets }));
      for (const change of Object.values(fields(asObject(text)['rrsets'])).map(fields)) {
        const kept = keep(change);
        if (kept) sets.push(kept);
      }
      return answer.writeHead(204).end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const driver = powerDnsDriver(
    { url, api_key: new Secret('k'), server_id: 'localhost', zone: 'sites.test', timeout_s: 5 },
    60,
  );
  t.teardown(() => driver.close());
  if (!driver.zones) throw new Error('PowerDNS holds zones');
  return driver.zones;
}

t.test(
  'a change of a customer zone is made when the zone shows it, with its values and its TTL',
  async (t) => {
    const wanted = { name: 'www.customer.org', type: 'A' as const, ttlS: 300, values: ['192.0.2.7'] };
    const honest = await lying(t, (set) => set);
    await honest.change('customer.org', () => wanted, call());
    t.match(await honest.read('customer.org', call()), [wanted]);
    for (const [what, keep] of [
      ['nothing was kept', () => undefined],
      ['another TTL', (set: Record<string, unknown>) => ({ ...set, ttl: 3600 })],
      [
        'another value',
        (set: Record<string, unknown>) => ({ ...set, records: [{ content: '192.0.2.8', disabled: false }] }),
      ],
    ] as const) {
      const zones = await lying(t, keep);
      const change = zones.change('customer.org', () => wanted, call());
      const error: unknown = await change.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      t.match(error, { detail: /was acknowledged, but is not visible/ }, what);
    }
  },
);
