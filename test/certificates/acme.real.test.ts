/** A customer's own domain from DNS to HTTPS: real PowerDNS, real nginx, Pebble as the authority. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { certificateManager } from '../../src/certificates/certificate-manager.js';
import { systemClock } from '../../src/kernel/clock.js';
import { domainId } from '../../src/model/custom-domain.js';
import { servedNames } from '../../src/model/domain-name.js';
import { markOf, type Service, siteOf, withSite } from '../../src/model/service.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import { acmeIssuer } from '../../src/drivers/issuer/acme/index.js';
import { nameLookup } from '../../src/drivers/lookup/resolver/index.js';
import { nginxProxyDriver } from '../../src/drivers/proxy/nginx/index.js';
import { addDomain } from '../../src/domains/add-domain.js';
import { accountStore } from '../../src/state/stores/acme-accounts.js';
import { openState } from '../../src/state/open.js';
import { realPowerDns } from '../drivers/dns/real-powerdns.js';
import { silentLog } from '../drivers/proxy/nginx-stand-in.js';
import { realNginx } from '../drivers/proxy/real-nginx.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { aService } from '../fakes/samples.js';
import { testConfig } from '../fakes/config.js';
import { makeRig } from '../http/harness.js';
import { realPebble } from './real-pebble.js';
import { domainsOf } from '../../src/model/site.js';

const ZONE = 'shop.test';
const VALIDITY_S = 24;

async function world(t: Test) {
  const dns = await realPowerDns(t, ZONE);
  const nginx = await realNginx(t);
  await nginx.start();
  const pebble = await realPebble(t, {
    dnsPort: dns.dnsPort,
    httpPort: nginx.config.http_port,
    validityS: VALIDITY_S,
  });
  const base = testConfig();
  const config = {
    ...base,
    proxy: { ...base.proxy, nginx: nginx.config },
    domains: {
      ...base.domains,
      resolvers: [`127.0.0.1:${dns.dnsPort}`],
      dns_port: dns.dnsPort,
      lab_networks: ['127.0.0.0/8'],
      closed_networks: [],
      acme: {
        ...base.domains.acme,
        ...{ enabled: true, directory_url: pebble.directoryUrl, ca_file: pebble.caFile },
        ...{ caa_identities: ['pebble.test'], certificates_per_set_week: 100 },
      },
    },
  };
  const record = async (name: string, type: string, contents: readonly string[]): Promise<void> => {
    const records = contents.map((content) => ({ content, disabled: false }));
    const answer = await request(`${dns.url}/api/v1/servers/localhost/zones/${ZONE}.`, {
      method: 'PATCH',
      headers: { 'x-api-key': 'right' },
      body: JSON.stringify({ rrsets: [{ name: `${name}.`, type, ttl: 1, changetype: 'REPLACE', records }] }),
    });
    if (answer.statusCode !== 204) throw new Error(await answer.body.text());
  };
  await record(`ns1.${ZONE}`, 'A', ['127.0.0.1']);
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-acme-'));
  const state = await openState({ dir, key: randomBytes(32), clock: systemClock });
  const drivers = {
    ...fakeDrivers(),
    lookup: nameLookup(config.domains),
    proxy: nginxProxyDriver(nginx.config, { clock: systemClock, log: silentLog }),
    issuer: acmeIssuer(config.domains.acme, {
      clock: systemClock,
      accounts: accountStore(state.acmeAccounts),
    }),
  };
  const keeper = certificateManager({
    ...{ config, services: state.services, domains: state.domains, drivers },
    ...{ clock: systemClock, log: silentLog },
  });
  t.teardown(async () => {
    await keeper.stop();
    await drivers.proxy.close();
    await state.close();
    await rm(dir, { recursive: true });
  });
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  const context = { ...rig.deps, config, state, clock: systemClock, drivers };
  // nginx listens once the driver has written its configuration and reloaded it
  await until(async () => ((await listens(nginx.config.http_port)) ? true : undefined));
  return { config, nginx, pebble, record, state, drivers, keeper, context };
}

async function site(t: Test): Promise<{ address: string; port: number }> {
  const server = createServer((asked, answer) => answer.end(`hello from ${asked.headers.host ?? ''}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectPlain({ host: '127.0.0.1', port });
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

async function until<T>(ask: () => Promise<T | undefined>, ms = 60_000): Promise<T> {
  const giveUp = AbortSignal.timeout(ms);
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    await systemClock.sleep(50, giveUp);
  }
}

const serial = (name: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: name, rejectUnauthorized: false });
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
  });

t.test(
  'a domain goes from its records to HTTPS with the right chain, and on to the next certificate',
  async (t) => {
    const { nginx, pebble, record, state, drivers, keeper, context } = await world(t);
    const upstream = await site(t);
    const service = aService({
      lifecycle: 'active',
      order: { email: 'anna@example.com', plan: 'basic', planWord: 'basic', publicIps: ['127.0.0.1'] },
    });
    await state.services.commit('default/12', () => service);
    const caller = { panel: 'default', requestId: 'r1' };
    const serve = async (next: Service): Promise<void> => {
      const mark = markOf('test', next);
      const host = { mark, names: servedNames(siteOf(next)), upstream, state: 'enabled' as const };
      await drivers.proxy.ensureHost(host, plainCall(new AbortController().signal));
    };

    await record(ZONE, 'A', ['198.51.100.9']);
    await t.rejects(addDomain(context, caller, '12', ZONE), {
      code: 'domain_not_here',
      message:
        /^shop\.test must point to 127\.0\.0\.1, but points to 198\.51\.100\.9\. .*_innkeeper-challenge\.shop\.test with the value [a-z0-9]{32}\.$/,
    });
    await record(ZONE, 'A', ['127.0.0.1']);
    await record(ZONE, 'AAAA', ['2001:db8::1']);
    await t.rejects(addDomain(context, caller, '12', ZONE), {
      message: /points to 127\.0\.0\.1 and 2001:db8::1\./,
    });
    await record(ZONE, 'AAAA', []);
    await record(ZONE, 'CAA', ['0 issue "other.test"']);
    await t.rejects(addDomain(context, caller, '12', ZONE), {
      code: 'domain_caa',
      message: /CAA records of shop\.test must allow pebble\.test .* found 0 issue "other\.test"/,
    });
    await record(ZONE, 'CAA', ['0 issue "pebble.test; validationmethods=http-01"']);
    await record(`www.${ZONE}`, 'CNAME', [`${ZONE}.`]);

    const started = await addDomain(context, caller, '12', `WWW.${ZONE}`);
    t.match(started.service.site?.domains, [{ domain: ZONE, www: true, provenBy: 'routing' }]);
    keeper.start();
    await serve(started.service);
    const issued = await until(async () => {
      const { certificate } = domainsOf(await state.services.get('default/12'))[0] ?? {};
      return certificate?.state === 'issued' ? certificate : undefined;
    });
    t.ok(issued.expiresAt);
    const root = await pebble.root();
    const visit = async (name: string): Promise<string> => {
      const dispatcher = new Agent({ connect: { ca: root, servername: name } });
      const url = `https://127.0.0.1:${nginx.config.https_port}/`;
      const answer = await request(url, { dispatcher, headers: { host: name }, reset: true });
      const text = await answer.body.text();
      await dispatcher.close();
      return text;
    };
    t.equal(await visit(ZONE), `hello from ${ZONE}`);
    t.equal(await visit(`www.${ZONE}`), `hello from www.${ZONE}`);
    await t.rejects(visit('anna.example.test'), 'other names do not get it');
    const held = state.domains.find(domainId(ZONE));
    t.equal(
      new X509Certificate(held?.certificate?.chain ?? '').subjectAltName,
      `DNS:${ZONE}, DNS:www.${ZONE}`,
    );

    const { https_port: port } = nginx.config;
    const first = await serial(ZONE, port);
    await until(async () => ((await serial(ZONE, port)) === first ? undefined : true));
    t.equal(await visit(ZONE), `hello from ${ZONE}`, 'renewed, and nobody noticed');

    await state.services.commit('default/12', (now) => withSite(now ?? service, { domains: [] }));
    await until(async () => (state.domains.find(domainId(ZONE))?.certificate === null ? true : undefined));
    await t.rejects(visit(ZONE));
  },
);

t.test(
  'what the authority says is told to the customer; an authority that is away is asked again',
  async (t) => {
    const { record, drivers, pebble } = await world(t);
    await record(ZONE, 'A', ['127.0.0.1']);
    const nowhere = { put: async () => {}, remove: async () => {} };
    const call = { signal: new AbortController().signal };
    await t.rejects(drivers.issuer.issue([ZONE], nowhere, call), {
      code: 'certificate_refused',
      message: /^The certificate authority refused: .*404/,
    });
    const stop = new AbortController();
    stop.abort(new Error('stopping'));
    await t.rejects(drivers.issuer.issue([ZONE], nowhere, { signal: stop.signal }), { code: 'aborted' });
    await pebble.stop();
    await t.rejects(drivers.issuer.issue([ZONE], nowhere, call), {
      code: 'certificate_unreachable',
      retryable: true,
    });
  },
);
