/** The optional ability of a DNS server to hold whole zones for customers. Throws AgentError as the DNS contract, `zone_not_found`. */
import type { DriverCall } from '../call.js';

export const ZONE_RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS'] as const;
export type ZoneRecordType = (typeof ZONE_RECORD_TYPES)[number];

/** All records of one name and type. Values are bare: names without the final dot, text without quotes, MX as `10 mail.example.com`. */
export interface ZoneSet {
  /** Absolute, without the final dot, lower case. */
  readonly name: string;
  readonly type: ZoneRecordType;
  readonly ttlS: number;
  readonly values: readonly string[];
}

/** A change whose answer was lost is looked at before it fails: what throws `dns_unreachable` may be repeated, and what stands after all does not throw. */
export interface CustomerZones {
  /** Makes the zone with these name servers. False when it is there already and ours; another one throws `foreign_object`. */
  ensure(zone: string, nameServers: readonly string[], call: DriverCall): Promise<boolean>;
  /** Removes it when it is ours, with all that is in it; succeeds when it is gone. */
  remove(zone: string, call: DriverCall): Promise<void>;
  /** Every set of the types we know. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /** Reads the zone, and puts what `change` makes of all its sets in the place of the one of this name and type; without values it is removed. Nobody else changes zones meanwhile. */
  change(zone: string, change: (sets: readonly ZoneSet[]) => ZoneSet, call: DriverCall): Promise<void>;
}
