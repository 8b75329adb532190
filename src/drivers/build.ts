/**
 * Builds the drivers that the config names; the container host's is made by the caller, who shares it with the
 * cluster watch.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { Circuits } from './shared/circuit.js';
import { noneDnsDriver } from './dns/none/index.js';
import type { DnsDriver } from './dns/contract.js';
import { powerDnsDriver } from './dns/powerdns/index.js';
import type { ExecDriver } from './exec/contract.js';
import { localExecDriver } from './exec/local/index.js';
import { sshExecDriver } from './exec/ssh/index.js';
import type { GuestDriver } from './guest/contract.js';
import { acmeIssuer } from './issuer/acme/index.js';
import type { AccountStore, CertificateIssuer } from './issuer/contract.js';
import { localIssuer } from './issuer/local/index.js';
import { noIssuer } from './issuer/none/index.js';
import type { DriverLog } from './shared/log.js';
import { nameLookup } from './lookup/resolver/index.js';
import type { ProxyDriver } from './proxy/contract.js';
import { nginxProxyDriver } from './proxy/nginx/index.js';
import { remotePlace } from './proxy/nginx/remote/index.js';
import type { Drivers } from './table.js';
import { publicEndpoint } from './web/public-endpoint.js';

export interface BuildDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly guest: GuestDriver;
  /** Accounts at certificate authorities. */
  readonly accounts: AccountStore;
  readonly circuits: Circuits;
}

/**
 * Throws when a driver is chosen whose section is missing; opens no connection, but the proxy starts to bring itself
 * up to date.
 */
export function buildDrivers(config: Config, deps: BuildDeps): Drivers {
  return {
    guest: deps.guest,
    exec: execDriver(config, deps),
    dns: dnsDriver(config, deps.circuits),
    proxy: proxyDriver(config, deps),
    web: publicEndpoint(config.proxy.door),
    lookup: nameLookup(config.domains),
    issuer: certificateIssuer(config, deps),
  };
}

/** How scripts get into containers, as the config says. Opens no connection. */
export function execDriver(
  { exec }: Config,
  deps: Omit<BuildDeps, 'guest' | 'accounts' | 'circuits'> & Partial<Pick<BuildDeps, 'circuits'>>,
): ExecDriver {
  if (exec.driver === 'local') return localExecDriver(exec.pct, exec.max_output_bytes, deps);
  if (!exec.ssh) throw new Error('exec.ssh is missing');
  return sshExecDriver(exec.pct, exec.ssh, exec.max_output_bytes, deps);
}

function proxyDriver({ proxy }: Config, deps: BuildDeps): ProxyDriver {
  const place = proxy.ssh ? { place: remotePlace(proxy.ssh, proxy.door, deps) } : {};
  const circuit = deps.circuits.of('proxy', 'reverse proxy');
  return nginxProxyDriver(proxy.nginx, { clock: deps.clock, log: deps.log, circuit, ...place });
}

export function dnsDriver({ agent, dns }: Pick<Config, 'agent' | 'dns'>, circuits?: Circuits): DnsDriver {
  if (dns.driver === 'none') return noneDnsDriver();
  if (!dns.powerdns) throw new Error('dns.powerdns is missing');
  const circuit = circuits?.of('dns', 'DNS');
  return powerDnsDriver(dns.powerdns, dns.ttl_s, `innkeeper:${agent.id}`, circuit);
}

function certificateIssuer({ domains }: Config, { clock, accounts, circuits }: BuildDeps): CertificateIssuer {
  if (domains.acme.enabled) {
    const circuit = circuits.of('issuer', 'certificate authority');
    return acmeIssuer(domains.acme, { clock, accounts, circuit });
  }
  return domains.local_ca ? localIssuer(domains.local_ca, clock) : noIssuer();
}
