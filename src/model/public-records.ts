/** The DNS records of a site, derived from its order. */
import ipaddr from 'ipaddr.js';
import type { Service } from './service.js';

export interface PublicRecord {
  readonly type: 'A' | 'AAAA';
  readonly values: readonly string[];
}

/** Always returns one A set and one AAAA set, even if a set has no values. */
export function publicRecords(service: Pick<Service, 'order'>): PublicRecord[] {
  const family = (kind: 'ipv4' | 'ipv6'): string[] =>
    service.order.publicIps.filter((ip) => ipaddr.parse(ip).kind() === kind);
  return [
    { type: 'A', values: family('ipv4') },
    { type: 'AAAA', values: family('ipv6') },
  ];
}
