/**
 * The contract of a DNS server. Throws AgentError `dns_*`, `foreign_object`, `zone_not_found`, `aborted`. A record
 * that is not ours is a conflict, never overwritten.
 */
import type { Mark } from '../../kernel/mark.js';
import type { SeenRecord } from '../../model/actual-state.js';
import type { DriverCall } from '../shared/call.js';
import type { RecordType } from '../../model/zone-record.js';

/** What may stand at the name of a site. */
export const SITE_RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'TXT'] as const;
export type SiteRecordType = (typeof SITE_RECORD_TYPES)[number];

export interface DnsRecord {
  /** Absolute name without the final dot, lower case. */
  readonly name: string;
  readonly type: SiteRecordType;
  readonly values: readonly string[];
  readonly mark: Mark;
}

export interface DnsDriver {
  /** `records: false`: a wildcard record already leads every name here, `ensureRecord` only notes the wish. */
  readonly capabilities: { readonly records: boolean };
  /** Where the server can hold zones for customers. */
  readonly zones?: CustomerZones;
  /**
   * Writes the record set and reads it back; a set of ours with other values is replaced, a foreign one throws
   * `foreign_object`.
   */
  ensureRecord(record: DnsRecord, call: DriverCall): Promise<void>;
  /** Removes it when it is ours; succeeds when it is gone; leaves a foreign one alone. */
  removeRecord(record: Omit<DnsRecord, 'values'>, call: DriverCall): Promise<void>;
  find(
    name: string,
    type: DnsRecord['type'],
    call: DriverCall,
  ): Promise<{ values: readonly string[]; mark: Mark | undefined } | undefined>;
  /** Every record set of ours or of other agents, that is: with a mark. Empty where no records are written. */
  list(call: DriverCall): Promise<readonly SeenRecord[]>;
  close(): Promise<void>;
}

/**
 * All records of one name and type. Values are bare: names without the final dot, text without quotes, MX as `10
 * mail.example.com`.
 */
export interface ZoneSet {
  /** Absolute, without the final dot, lower case. */
  readonly name: string;
  readonly type: RecordType;
  readonly ttlS: number;
  readonly values: readonly string[];
}

/**
 * The optional ability of a DNS server to hold whole zones for customers.
 * A change whose answer was lost is looked at before it fails: what throws `dns_unreachable` may be repeated, and
 * what stands after all does not throw.
 */
export interface CustomerZones {
  /**
   * Makes the zone with these name servers. False when it is there already and ours; another one throws
   * `foreign_object`.
   */
  ensure(zone: string, nameServers: readonly string[], call: DriverCall): Promise<boolean>;
  /** Removes it when it is ours, with all that is in it; succeeds when it is gone. */
  remove(zone: string, call: DriverCall): Promise<void>;
  /** Every set of the types we know. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /**
   * Reads the zone, and puts what `change` makes of all its sets in the place of the one of this name and type;
   * without values it is removed. Nobody else changes zones meanwhile.
   */
  change(zone: string, change: (sets: readonly ZoneSet[]) => ZoneSet, call: DriverCall): Promise<void>;
}
