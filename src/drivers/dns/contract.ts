/**
 * The contract of a DNS server. Throws AgentError `dns_*`, `foreign_object`, `zone_not_found`, `aborted`. A record
 * that is not ours is a conflict, never overwritten.
 */
import type { Mark } from '../../kernel/mark.js';
import type { SeenRecord } from '../../model/actual-state.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { RecordType } from '../../model/zone-record.js';

/** What may stand at the name of a site. */
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

/** What a driver is made with, beside the configuration. */
export interface DnsDeps {
  /** Absent: every call is let through. */
  readonly circuits?: Circuits;
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
 * All records of one name and type that are served. Values: names without the final dot, MX as `10 mail.example.com`,
 * or `0 .` for no mail, TXT as `showText` of `model/master-file-text.ts` writes it.
 */
export interface ZoneSet {
  /** Absolute, without the final dot, lower case. */
  readonly name: string;
  readonly type: RecordType;
  readonly ttlS: number;
  readonly values: readonly string[];
}

/** A set that `ZoneSet` has no form for. */
export interface HiddenSet {
  readonly name: string;
  readonly type: string;
  /** False: all its records are switched off at the server. */
  readonly isServed: boolean;
}

export interface ZoneContents {
  /** Every set of the types we know that is served. */
  readonly sets: readonly ZoneSet[];
  /** What else stands there: other types, and records that are switched off. */
  readonly hidden: readonly HiddenSet[];
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
  /** Every set of the types we know that is served. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /**
   * Reads the zone, and puts what `change` makes of all that stands there in the place of the set of this name and
   * type; without values it is removed. Records that are switched off at the server stay as they are, and so do
   * comments. Nobody else changes zones meanwhile. Throws `record_exists` for what another record excludes,
   * `record_invalid` for what the server does not take.
   */
  change(zone: string, change: (contents: ZoneContents) => ZoneSet, call: DriverCall): Promise<void>;
}
