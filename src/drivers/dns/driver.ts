/** The contract of a DNS server. Throws AgentError `dns_*`, `foreign_object`, `aborted`. A record that is not ours is a conflict, never overwritten. */
import type { Mark } from '../../domain/mark.js';
import type { DriverCall } from '../call.js';
import type { CustomerZones } from './zones.js';

export interface DnsRecord {
  /** Absolute name without the final dot, lower case. */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT';
  readonly values: readonly string[];
  readonly mark: Mark;
}

export interface DnsDriver {
  /** `records: false`: a wildcard record already leads every name here, `ensureRecord` only notes the wish. */
  readonly capabilities: { readonly records: boolean };
  /** Where the server can hold zones for customers. */
  readonly zones?: CustomerZones;
  /** Writes the record set and reads it back; a set of ours with other values is replaced, a foreign one throws `foreign_object`. */
  ensureRecord(record: DnsRecord, call: DriverCall): Promise<void>;
  /** Removes it when it is ours; succeeds when it is gone; leaves a foreign one alone. */
  removeRecord(record: Omit<DnsRecord, 'values'>, call: DriverCall): Promise<void>;
  find(
    name: string,
    type: DnsRecord['type'],
    call: DriverCall,
  ): Promise<{ values: readonly string[]; mark: Mark | undefined } | undefined>;
  close(): Promise<void>;
}
