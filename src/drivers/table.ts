/** The drivers of a daemon. They are created from the configuration in one place, and only the job engine uses them. */
import type { DnsDriver } from './dns/contract.js';
import type { ExecDriver } from './exec/contract.js';
import type { GuestDriver } from './guest/contract.js';
import type { CertificateIssuer } from './issuer/contract.js';
import type { NameLookup } from './lookup/contract.js';
import type { ProxyDriver } from './proxy/contract.js';
import type { WebDriver } from './web/contract.js';

export interface Drivers {
  readonly guest: GuestDriver;
  readonly exec: ExecDriver;
  readonly dns: DnsDriver;
  readonly proxy: ProxyDriver;
  readonly web: WebDriver;
  readonly lookup: NameLookup;
  readonly issuer: CertificateIssuer;
}
