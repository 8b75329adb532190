/** Customers' zones on a real PowerDNS: the daemon and everything else of the memory world, but the name server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { realPowerDns } from '../drivers/dns/real-powerdns.js';
import { fields } from '../http/harness.js';
import { customerZone, recordsOfOthers } from './customer-zones.js';
import { openHouse } from './harness.js';

/** A daemon at a real name server, and that server's API. */
async function houseAt(t: Test) {
  const { url, dnsPort } = await realPowerDns(t, 'sandbox.test');
  const house = await openHouse(t, {
    async config({ dns }, stateDir) {
      const file = join(stateDir, 'powerdns-key');
      await writeFile(file, 'right', { mode: 0o600 });
      const powerdns = { ...fields(fields(dns)['powerdns']), url, api_key: { file } };
      return { dns: { ...fields(dns), powerdns } };
    },
  });
  const api = (method: string, path: string, body?: object) =>
    fetch(`${url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': 'right' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  return { house, dnsPort, api };
}

t.test('the life of a zone', async (t) => {
  const { house, dnsPort } = await houseAt(t);
  await customerZone(t, house, dnsPort);
});

t.test('records of others in a customer zone', async (t) => {
  const { house, api } = await houseAt(t);
  await recordsOfOthers(t, house, api);
});
