/**
 * Builds the drivers that the configuration names, and loads no others. The caller creates the driver of the
 * container host, because the cluster watch uses the same driver.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { DNS_DRIVERS } from './dns/registry.js';
import type { DnsDeps, DnsDriver } from './dns/contract.js';
import type { ExecDeps, ExecDriver } from './exec/contract.js';
import { EXEC_DRIVERS } from './exec/registry.js';
import type { GuestDeps, GuestDriver } from './guest/contract.js';
import { GUEST_DRIVERS } from './guest/registry.js';
import type { AccountStore, CertificateIssuer, IssuerDeps } from './issuer/contract.js';
import { chosenIssuer } from './issuer/registry.js';
import type { ProxyDeps, ProxyDriver } from './proxy/contract.js';
import { PROXY_DRIVERS } from './proxy/registry.js';
import type { Circuits } from './shared/circuit.js';
import type { DriverLog } from './shared/log.js';
import { nameLookup } from './lookup/resolver/index.js';
import type { Drivers } from './table.js';
import { publicEndpoint } from './web/public-endpoint/index.js';

export interface BuildDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly guest: GuestDriver;
  /** Accounts at certificate authorities. */
  readonly accounts: AccountStore;
  readonly circuits: Circuits;
}

/**
 * Rejects if the configuration lacks the section of a chosen driver. Opens no connections, with one exception: the
 * proxy driver starts to update the proxy.
 */
export async function buildDrivers(config: Config, deps: BuildDeps): Promise<Drivers> {
  const [exec, dns, proxy, issuer] = await Promise.all([
    execDriver(config, deps),
    dnsDriver(config, deps),
    proxyDriver(config, deps),
    certificateIssuer(config, deps),
  ]);
  return {
    guest: deps.guest,
    exec,
    dns,
    proxy,
    web: publicEndpoint(config.proxy.door),
    lookup: nameLookup(config.domains),
    issuer,
  };
}

/**
 * Builds the driver of the container host. Opens no connection. Rejects if a URL, the CA file or the fingerprint is
 * unusable.
 */
export async function guestDriver(config: Config, deps: GuestDeps): Promise<GuestDriver> {
  const { driver } = await GUEST_DRIVERS[config.container_host.driver].driver();
  return driver(config, deps);
}

/** Builds the configured driver that runs scripts in containers. Opens no connection. */
export async function execDriver(config: Config, deps: ExecDeps): Promise<ExecDriver> {
  const { driver } = await EXEC_DRIVERS[config.exec.driver].driver();
  return driver(config, deps);
}

/** Builds the configured driver of the DNS server for the sites' names. Opens no connection. */
export async function dnsDriver(config: Config, deps: DnsDeps): Promise<DnsDriver> {
  const { driver } = await DNS_DRIVERS[config.dns.driver].driver();
  return driver(config, deps);
}

async function proxyDriver(config: Config, deps: ProxyDeps): Promise<ProxyDriver> {
  const { driver } = await PROXY_DRIVERS[config.proxy.driver].driver();
  return driver(config, deps);
}

async function certificateIssuer(config: Config, deps: IssuerDeps): Promise<CertificateIssuer> {
  const { driver } = await chosenIssuer(config).driver();
  return driver(config, deps);
}
