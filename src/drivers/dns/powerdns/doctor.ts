/** Checks PowerDNS: writes a marked record, reads it back and removes it. */
import { randomBytes } from 'node:crypto';
import { plainCall } from '../../shared/call.js';
import { type DriverDoctor, ok, sentenceOf, type Verdict, word, wrong } from '../../shared/doctor/check.js';
import type { DnsDriver } from '../contract.js';
import type { PowerDnsSettings } from './config.js';
import { driver } from './index.js';

interface Parts {
  readonly configFile: string;
  readonly config: PowerDnsSettings;
}

export function doctor(parts: Parts): DriverDoctor {
  const dns = driver(parts.config, {});
  return {
    checks: [
      {
        name: 'dns',
        title: 'DNS: writing and reading back',
        after: [],
        look: ['systemctl status pdns'],
        run: (signal) => checkWriting(parts, dns, signal),
      },
    ],
    close: () => dns.close(),
  };
}

async function checkWriting(
  { config, configFile }: Parts,
  dns: DnsDriver,
  signal: AbortSignal,
): Promise<Verdict> {
  const zone = config.dns.powerdns?.zone ?? config.agent.base_domain;
  const mark = { agent: config.agent.id, panel: 'doctor', service: 'probe', generation: 1 };
  // The record always has the same name. If the doctor is killed and leaves the record, the next run therefore
  // replaces and removes it.
  const record = { name: `_innkeeper-doctor.${config.agent.base_domain}`, type: 'TXT', mark } as const;
  const value = `innkeeper doctor ${randomBytes(8).toString('hex')}`;
  const call = plainCall(signal);
  try {
    await dns.ensureRecord({ ...record, values: [value] }, call);
    const found = await dns.find(record.name, 'TXT', call);
    await dns.removeRecord(record, call);
    if (found?.values[0] !== value)
      return wrong(
        `${record.name} was written, but the DNS server returned ${JSON.stringify(found?.values ?? null)}`,
      );
    return ok(`a record in ${zone} was written, read back and removed`);
  } catch (error) {
    await dns.removeRecord(record, call).catch(() => {});
    const said = sentenceOf(error);
    return wrong(`${zone} cannot be changed: ${said}`, ...fixesFor(said, config, zone, configFile));
  }
}

function fixesFor(said: string, config: PowerDnsSettings, zone: string, configFile: string): string[] {
  const url = config.dns.powerdns?.url ?? '';
  if (/^40[13]|Unauthorized/i.test(said))
    return [
      'pdns_control current-config | grep api-key',
      `# dns.powerdns.api_key in ${configFile} must be the same key`,
    ];
  if (/^404|has no zone|not find (domain|zone)|is outside/i.test(said))
    return [`pdnsutil create-zone ${word(zone)} ns1.${zone}`];
  // The server rejected the change because its back end cannot write, or because the zone is a secondary zone.
  if (/^4\d\d: /.test(said))
    return [
      'journalctl -u pdns -n 50',
      `pdnsutil show-zone ${word(zone)}`,
      'pdns_control current-config | grep launch',
    ];
  return ['systemctl status pdns', `curl -sI ${word(url)}`];
}
