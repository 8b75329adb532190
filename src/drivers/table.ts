/** The drivers a daemon runs with; built from the config in one place, used by the job engine only. */
import type { DnsDriver } from './dns/driver.js';
import type { ExecDriver } from './exec/driver.js';
import type { GuestDriver } from './guest/driver.js';
import type { CertificateIssuer } from './issuer/driver.js';
import type { NameLookup } from './lookup/driver.js';
import type { ProxyDriver } from './proxy/driver.js';
import type { WebDriver } from './web/driver.js';

export interface Drivers {
  readonly guest: GuestDriver;
  readonly exec: ExecDriver;
  readonly dns: DnsDriver;
  readonly proxy: ProxyDriver;
  readonly web: WebDriver;
  readonly lookup: NameLookup;
  readonly issuer: CertificateIssuer;
}
