/** The keys of `dns.powerdns`. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import {
  block,
  inherited,
  number,
  optional,
  secret,
  type Static,
  text,
} from '../../../config/building-blocks.js';
import { type ConfigCheck, type DriverPart, problem } from '../../../config/driver-part.js';
import type { Loaded } from '../../../config/loaded.js';
import { HTTP_URL, isDomain, isUrl } from '../../../config/patterns.js';

const keys = block('Required by the driver `powerdns`.', {
  url: text('Base URL of the PowerDNS API, without /api.', {
    pattern: HTTP_URL,
    check: isUrl,
    discreet: true,
    expected: 'a URL like http://127.0.0.1:8081',
  }),
  api_key: secret('API key of PowerDNS.'),
  server_id: text('Server ID of PowerDNS.', { default: 'localhost' }),
  zone: inherited(
    text('Zone that contains the records; empty = the base domain.', {
      check: isDomain,
      expected: 'a domain name in lower case',
      inherits: { from: 'agent.base_domain' },
    }),
  ),
  timeout_s: number('Timeout of one request.', 1, 120, { unit: 'seconds', default: 10 }),
});

export type PowerDnsConfig = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface PowerDnsSettings {
  readonly agent: { readonly id: string; readonly base_domain: string };
  readonly dns: { readonly ttl_s: number; readonly powerdns: PowerDnsConfig | null };
}

const Zone = Type.Object({
  agent: Type.Object({ base_domain: Type.String() }),
  dns: Type.Object({ powerdns: Type.Object({ zone: Type.String() }) }),
});

const zoneHoldsBaseDomain: ConfigCheck = (file) => {
  if (!Value.Check(Zone, file)) return [];
  const { base_domain: domain } = file.agent;
  const { zone } = file.dns.powerdns;
  if (domain === zone || domain.endsWith(`.${zone}`)) return [];
  return problem(
    'dns.powerdns.zone',
    `found "${zone}", expected agent.base_domain (${domain}) or a parent domain`,
  );
};

export const powerdns = {
  does: 'writes a record for each site',
  keys: optional(keys),
  checks: [zoneHoldsBaseDomain],
  hosts: ({ dns }: Pick<PowerDnsSettings, 'dns'>) =>
    dns.powerdns ? [new URL(dns.powerdns.url).hostname] : [],
} satisfies DriverPart;
