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

export interface CustomerZones {
  /** Makes the zone with these name servers. False when it is there already and ours; another one throws `foreign_object`. */
  ensure(zone: string, nameServers: readonly string[], call: DriverCall): Promise<boolean>;
  /** Removes it when it is ours, with all that is in it; succeeds when it is gone. */
  remove(zone: string, call: DriverCall): Promise<void>;
  /** Every set of the types we know. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /** Reads the sets at a name, and replaces the one of this type by what `change` makes of all of them; without values it is removed. */
  change(
    zone: string,
    at: { readonly name: string; readonly type: ZoneRecordType },
    change: (sets: readonly ZoneSet[]) => Pick<ZoneSet, 'ttlS' | 'values'>,
    call: DriverCall,
  ): Promise<void>;
}
