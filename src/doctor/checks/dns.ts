/**
 * DNS: a marked record is written, read back and taken away again; or, where a wildcard leads everything here, it is
 * looked up.
 */
import { randomBytes } from 'node:crypto';
import { getServers } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { onAbort } from '../../kernel/async/on-abort.js';
import type { Config } from '../../config/config.js';
import { plainCall } from '../../drivers/shared/call.js';
import { nameLookup } from '../../drivers/lookup/resolver/index.js';
import { type Check, ok, type Verdict, warning, wrong, word } from '../check.js';
import type { DoctorParts } from '../parts.js';
import { sentenceOf } from '../run-checks.js';

export function dnsChecks(parts: DoctorParts): Check[] {
  const { dns } = parts.config;
  return [
    {
      name: 'dns',
      title: dns.driver === 'none' ? 'DNS, the wildcard record' : 'DNS, writing and reading back',
      after: [],
      look: dns.driver === 'none' ? [`dig ${parts.config.agent.base_domain}`] : ['systemctl status pdns'],
      run: (signal) => (dns.driver === 'none' ? checkWildcard(parts, signal) : checkWriting(parts, signal)),
    },
    {
      name: 'lookup',
      title: "looking up customers' domains",
      after: [],
      look: [`# in ${parts.configFile}: domains.resolvers`],
      withinMs: 20_000,
      run: (signal) => checkLookup(parts, signal),
    },
  ];
}

/**
 * The base domain is one whose name servers must be reachable as a customer's are: resolvers first, then the servers
 * themselves.
 */
async function checkLookup({ config, configFile }: DoctorParts, signal: AbortSignal): Promise<Verdict> {
  const base = config.agent.base_domain;
  const resolvers = config.domains.resolvers.length > 0 ? config.domains.resolvers : getServers();
  const lookup = nameLookup(config.domains);
  try {
    await lookup.addresses(base, { signal });
    return ok(`${resolvers.join(', ')} and the name servers of ${base} answer`);
  } catch (error) {
    // sites of the base domain do not need it
    return warning(
      `${base} cannot be looked up, so no domain of a customer can be checked: ${sentenceOf(error)}`,
      ...resolvers.slice(0, 1).map((resolver) => digOf(base, resolver)),
      `# in ${configFile}: domains.resolvers; port 53 must be open to the world, for udp and tcp`,
    );
  } finally {
    await lookup.close();
  }
}

function digOf(name: string, resolver: string): string {
  const [, host = resolver, port] = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(resolver) ?? [];
  return `dig ${port === undefined ? '' : `-p ${port} `}@${host} ${name} NS`;
}

async function checkWriting({ config, configFile, dns }: DoctorParts, signal: AbortSignal): Promise<Verdict> {
  const zone = config.dns.powerdns?.zone ?? config.agent.base_domain;
  const mark = { agent: config.agent.id, panel: 'doctor', service: 'probe', generation: 1 };
  // one name for all: what a killed doctor has left behind, the next one replaces and removes
  const record = { name: `_innkeeper-doctor.${config.agent.base_domain}`, type: 'TXT', mark } as const;
  const value = `innkeeper doctor ${randomBytes(8).toString('hex')}`;
  const call = plainCall(signal);
  try {
    await dns.ensureRecord({ ...record, values: [value] }, call);
    const found = await dns.find(record.name, 'TXT', call);
    await dns.removeRecord(record, call);
    if (found?.values[0] !== value)
      return wrong(`${record.name} reads back as ${JSON.stringify(found?.values ?? null)}`);
    return ok(`a record in ${zone} was written, read back and removed`);
  } catch (error) {
    await dns.removeRecord(record, call).catch(() => {});
    const said = sentenceOf(error);
    return wrong(`${zone} cannot be changed: ${said}`, ...mendOf(said, config, zone, configFile));
  }
}

function mendOf(said: string, config: Config, zone: string, configFile: string): string[] {
  const url = config.dns.powerdns?.url ?? '';
  if (/^40[13]|refused our credentials|Unauthorized/i.test(said))
    return [
      'pdns_control current-config | grep api-key',
      `# the same key belongs into dns.powerdns.api_key of ${configFile}`,
    ];
  if (/^404|has no zone|not find (domain|zone)|is outside/i.test(said))
    return [`pdnsutil create-zone ${word(zone)} ns1.${zone}`];
  // it answers, and names what it does not take: its back end cannot write, or the zone is a secondary one
  if (/^4\d\d: /.test(said))
    return [
      'journalctl -u pdns -n 50',
      `pdnsutil show-zone ${word(zone)}`,
      'pdns_control current-config | grep launch',
    ];
  return ['systemctl status pdns', `curl -sI ${word(url)}`];
}

async function checkWildcard({ config }: DoctorParts, signal: AbortSignal): Promise<Verdict> {
  const name = `innkeeper-doctor-${randomBytes(4).toString('hex')}.${config.agent.base_domain}`;
  const { public_addresses: wanted } = config.proxy;
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (config.domains.resolvers.length > 0) resolver.setServers(config.domains.resolvers);
  const forget = onAbort(signal, () => resolver.cancel());
  const answers = await Promise.all(
    [resolver.resolve4(name), resolver.resolve6(name)].map((asked) => asked.catch((): string[] => [])),
  );
  forget();
  const found = answers.flat();
  const base = config.agent.base_domain;
  const mend = (wanted.length > 0 ? wanted : ['<public address>']).map(
    (address) =>
      `# in the zone of ${base}: *.${base}. 300 IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
  );
  if (found.length === 0) return wrong(`*.${base} leads nowhere`, ...mend);
  const stray = found.filter((address) => wanted.length > 0 && !wanted.includes(address));
  if (stray.length > 0)
    return warning(
      `*.${base} leads to ${stray.join(', ')}, which is none of proxy.public_addresses`,
      ...mend,
    );
  return ok(`*.${base} leads to ${found.join(', ')}`);
}
