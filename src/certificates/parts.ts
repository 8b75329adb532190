/** Dependencies of the certificate manager. */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { CustomDomainRecord } from '../model/custom-domain.js';
import type { DriverLog } from '../drivers/shared/log.js';
import type { Drivers } from '../drivers/table.js';
import type { DocumentStore, ServiceStore } from '../state/contract.js';

export interface CertificateDeps {
  readonly config: Pick<Config, 'agent' | 'domains'>;
  readonly services: ServiceStore;
  readonly domains: DocumentStore<CustomDomainRecord>;
  readonly drivers: Pick<Drivers, 'proxy' | 'lookup' | 'issuer'>;
  readonly clock: Clock;
  readonly log: DriverLog;
}
