/** The host names of the configured systems, which no customer can use as a domain. */
import type { Config } from '../config/config.js';
import { DRIVERS } from './registry.js';

export function systemHosts(config: Config): string[] {
  const { container_host: guest, exec, dns, proxy, domains } = DRIVERS;
  const drivers = [
    ...Object.values(guest),
    ...Object.values(exec),
    ...Object.values(dns),
    ...Object.values(proxy),
    ...Object.values(domains),
  ];
  return drivers.flatMap(({ config: part }) => part.hosts(config));
}
