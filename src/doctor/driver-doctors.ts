/** The checks that belong to the drivers which are selected in the configuration. */
import type { GuestLog } from '../drivers/guest/contract.js';
import type { GuestDoctor } from '../drivers/guest/doctor.js';
import { DNS_DRIVERS } from '../drivers/dns/registry.js';
import { EXEC_DRIVERS } from '../drivers/exec/registry.js';
import { GUEST_DRIVERS } from '../drivers/guest/registry.js';
import { chosenIssuer } from '../drivers/issuer/registry.js';
import { PROXY_DRIVERS } from '../drivers/proxy/registry.js';
import { doctor as lookupDoctor } from '../drivers/lookup/resolver/doctor.js';
import type { DriverDoctor } from '../drivers/shared/doctor/check.js';
import type { DoctorParts } from './parts.js';

export interface DriverDoctors {
  readonly guest: GuestDoctor;
  /** The checks, in the order in which an operator should fix problems. */
  readonly others: readonly DriverDoctor[];
}

/** Loads only the drivers that are configured. */
export async function openDriverDoctors(given: DoctorParts, log: GuestLog): Promise<DriverDoctors> {
  const { config, products } = given;
  const [guestOf, execOf, dnsOf, proxyOf, issuerOf] = await Promise.all([
    GUEST_DRIVERS[config.container_host.driver].doctor(),
    EXEC_DRIVERS[config.exec.driver].doctor(),
    DNS_DRIVERS[config.dns.driver].doctor(),
    PROXY_DRIVERS[config.proxy.driver].doctor(),
    chosenIssuer(config).doctor(),
  ]);
  const offered = products
    .list()
    .map(({ info, declared }) => ({ name: info.name, source: declared.source ?? undefined }));
  const guest = guestOf.doctor({ ...given, products: offered, log });
  const parts = { ...given, guest };
  const others = [
    execOf.doctor(parts),
    dnsOf.doctor(parts),
    lookupDoctor(parts),
    proxyOf.doctor(parts),
    issuerOf.doctor(parts),
  ];
  return { guest, others };
}
