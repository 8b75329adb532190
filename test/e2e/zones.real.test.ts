/** Customers' zones on a real PowerDNS: the daemon and everything else of the memory world, but the name server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { realPowerDns } from '../drivers/dns/real-powerdns.js';
import { fields } from '../http/harness.js';
import { customerZone } from './customer-zones.js';
import { openHouse } from './harness.js';

t.test('the life of a zone', async (t) => {
  const { url, dnsPort } = await realPowerDns(t, 'sandbox.test');
  const house = await openHouse(t, {
    async config({ dns }, stateDir) {
      const file = join(stateDir, 'powerdns-key');
      await writeFile(file, 'right', { mode: 0o600 });
      const powerdns = { ...fields(fields(dns)['powerdns']), url, api_key: { file } };
      return { dns: { ...fields(dns), powerdns } };
    },
  });
  await customerZone(t, house, dnsPort);
});
