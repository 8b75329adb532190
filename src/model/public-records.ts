/** The DNS records that lead to a site: worked out from its order. */
import ipaddr from 'ipaddr.js';
import type { Service } from './service.js';

export interface PublicRecord {
  readonly type: 'A' | 'AAAA';
  readonly values: readonly string[];
}

/** Both kinds, also the one without values. */
export function publicRecords(service: Pick<Service, 'order'>): PublicRecord[] {
  const family = (kind: 'ipv4' | 'ipv6'): string[] =>
    service.order.publicIps.filter((ip) => ipaddr.parse(ip).kind() === kind);
  return [
    { type: 'A', values: family('ipv4') },
    { type: 'AAAA', values: family('ipv6') },
  ];
}
