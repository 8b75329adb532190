/**
 * The contract of a DNS server. Its calls throw AgentError `dns_*`, `foreign_object`, `zone_not_found` or `aborted`. A
 * record without this agent's mark is treated as a conflict and never overwritten.
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

/** The arguments that a driver gets in addition to its configuration. */
export interface DnsDeps {
  /** If `circuits` is absent, every call is allowed. */
  readonly circuits?: Circuits;
}

export interface DnsDriver {
  /**
   * `records` is false if a wildcard record already points every name to the proxy. In this case, `ensureRecord`
   * writes nothing.
   */
  readonly capabilities: { readonly records: boolean };
  /** Present only if the server can manage zones for customers. */
  readonly zones?: CustomerZones;
  /**
   * Writes the record set and reads it back. If a set with our mark exists and has other values, replaces it. Throws
   * `foreign_object` if a set without our mark exists.
   */
  ensureRecord(record: DnsRecord, call: DriverCall): Promise<void>;
  /** Removes the set if it has our mark. Succeeds if the set does not exist. Leaves a foreign set unchanged. */
  removeRecord(record: Omit<DnsRecord, 'values'>, call: DriverCall): Promise<void>;
  find(
    name: string,
    type: DnsRecord['type'],
    call: DriverCall,
  ): Promise<{ values: readonly string[]; mark: Mark | undefined } | undefined>;
  /**
   * Returns every record set that has the mark of this agent or of another Innkeeper agent. The list is empty if the
   * driver writes no records.
   */
  list(call: DriverCall): Promise<readonly SeenRecord[]>;
  close(): Promise<void>;
}

/**
 * All served records of one name and type. In values, names have no final dot. An MX value has the form `10
 * mail.example.com`, or `0 .` if the name accepts no mail. A TXT value has the form that the function `showText` in
 * `model/master-file-text.ts` creates.
 */
export interface ZoneSet {
  /** Absolute, without the final dot, lower case. */
  readonly name: string;
  readonly type: RecordType;
  readonly ttlS: number;
  readonly values: readonly string[];
}

/** A record set that `ZoneSet` cannot represent. */
export interface HiddenSet {
  readonly name: string;
  readonly type: string;
  /** False if all records of the set are disabled at the server. */
  readonly isServed: boolean;
}

export interface ZoneContents {
  /** All served sets of known types. */
  readonly sets: readonly ZoneSet[];
  /** The other contents of the zone: sets of other types, and disabled records. */
  readonly hidden: readonly HiddenSet[];
}

/**
 * The optional ability of a DNS server to manage whole zones for customers. If the response to a change is lost, the
 * driver checks whether the change took effect, and the call fails only if the change did not take effect. After
 * `dns_unreachable`, callers can repeat the call.
 */
export interface CustomerZones {
  /**
   * Creates the zone with these name servers. Returns false if the zone already exists and belongs to this agent.
   * Throws `foreign_object` if the zone exists and belongs to another owner.
   */
  ensure(zone: string, nameServers: readonly string[], call: DriverCall): Promise<boolean>;
  /** Removes the zone with all its contents if it belongs to this agent. Succeeds if the zone does not exist. */
  remove(zone: string, call: DriverCall): Promise<void>;
  /** All served sets of known types. */
  read(zone: string, call: DriverCall): Promise<readonly ZoneSet[]>;
  /**
   * Reads the zone, and replaces the set of this name and type with the set that `change` derives from the contents of
   * the zone. If the new set has no values, the set is removed. Disabled records and comments stay unchanged. The
   * caller ensures that no other process changes zones at the same time. Throws `record_exists` if the set cannot
   * exist next to another record of the zone, `record_invalid` if the server does not accept the set.
   */
  change(zone: string, change: (contents: ZoneContents) => ZoneSet, call: DriverCall): Promise<void>;
}
