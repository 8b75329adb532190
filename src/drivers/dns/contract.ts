/**
 * The contract of a DNS server. Throws AgentError `dns_*`, `foreign_object`, `zone_not_found`, `aborted`. A record
 * that is not ours is a conflict, and is never overwritten.
 */
import type { Mark } from '../../kernel/mark.js';
import type { SeenRecord } from '../../model/actual-state.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { RecordType } from '../../model/zone-record.js';

/** The record types that may exist at the name of a site. */
export const SITE_RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'TXT'] as const;
export type SiteRecordType = (typeof SITE_RECORD_TYPES)[number];

export interface DnsRecord {
  /** Absolute name without the final dot, lower case. */
  readonly name: string;
  readonly type: SiteRecordType;
  /** As in `ZoneSet`. */
  readonly values: readonly string[];
  readonly mark: Mark;
}

/** What a driver gets in addition to its configuration. */
export interface DnsDeps {
  /** Absent: every call is allowed. */
  readonly circuits?: Circuits;
}

export interface DnsDriver {
  /**
   * `records: false`: a wildcard record already points every name to the proxy, so `ensureRecord` has nothing to
   * write.
   */
  readonly capabilities: { readonly records: boolean };
  /** Present if the server can hold zones for customers. */
  readonly zones?: CustomerZones;
  /**
   * Writes the record set and reads it back. Replaces a set of ours that has other values; throws `foreign_object`
   * for a foreign set.
   */
  ensureRecord(record: DnsRecord, call: DriverCall): Promise<void>;
  /** Removes the set if it is ours; succeeds if it does not exist; leaves a foreign set unchanged. */
  removeRecord(record: Omit<DnsRecord, 'values'>, call: DriverCall): Promise<void>;
  find(
    name: string,
    type: DnsRecord['type'],
    call: DriverCall,
  ): Promise<{ values: readonly string[]; mark: Mark | undefined } | undefined>;
  /** Every record set with a mark, ours or another agent's. Empty if the driver writes no records. */
  list(call: DriverCall): Promise<readonly SeenRecord[]>;
  close(): Promise<void>;
}

/**
 * All served records of one name and type. Values: names without the final dot, MX as `10 mail.example.com`, or `0 .`
 * for no mail, TXT as `showText` of `model/master-file-text.ts` writes it.
 */
export interface ZoneSet {
  /** Absolute, without the final dot, lower case. */
  readonly name: string;
  readonly type: RecordType;
  readonly ttlS: number;
  readonly values: readonly string[];
}

/** A set that `ZoneSet` cannot represent. */
export interface HiddenSet {
  readonly name: string;
  readonly type: string;
  /** False: all its records are switched off at the server. */
  readonly isServed: boolean;
}

export interface ZoneContents {
  /** Every served set of a type that we know. */
  readonly sets: readonly ZoneSet[];
  /** The other contents of the zone: other types, and records that are switched off. */
  readonly hidden: readonly HiddenSet[];
}

/**
 * The optional ability of a DNS server to hold whole zones for customers. If the response to a change is lost, the
 * driver checks the effect before the call fails: a call that throws `dns_unreachable` may be repeated, and a call
 * whose change took effect does not throw.
 */
export interface CustomerZones {
  /**
   * Creates the zone with these name servers. Returns false if our zone already exists; throws `foreign_object` if
   * another owner's zone exists.
   */
  ensure(zone: string, nameServers: readonly string[], call: DriverCall): Promise<boolean>;
  /** Removes the zone with all its contents if it is ours; succeeds if it does not exist. */
  remove(zone: string, call: DriverCall): Promise<void>;
  /** Every served set of a type that we know. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /**
   * Reads the zone, and replaces the set of this name and type with the set that `change` derives from the zone's
   * contents; a set without values is removed. Records that are switched off at the server stay unchanged, and so do
   * comments. No other process changes zones meanwhile. Throws `record_exists` if another record excludes the set,
   * `record_invalid` if the server does not accept it.
   */
  change(zone: string, change: (contents: ZoneContents) => ZoneSet, call: DriverCall): Promise<void>;
}
