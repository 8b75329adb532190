/**
 * The contract of looking names up as the world sees them: at their authoritative servers. Throws AgentError
 * `lookup_failed`, `aborted`.
 */
import type { CaaRecord } from '../../model/caa.js';

export interface LookupCall {
  readonly signal: AbortSignal;
}

export interface FoundAddresses {
  /** Every A and AAAA that any of the name servers gives, canonical, through aliases. */
  readonly addresses: readonly string[];
  /** The names that the aliases led to. */
  readonly aliases: readonly string[];
}

/** One question over plain HTTP to the addresses of a name. */
export interface Knock {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Where a redirect may lead besides the name itself. */
  readonly alsoNames: readonly string[];
  /** Addresses that need not be asked. */
  readonly except: readonly string[];
}

export interface NameLookup {
  addresses(name: string, call: LookupCall): Promise<FoundAddresses>;
  texts(name: string, call: LookupCall): Promise<readonly string[]>;
  /** The CAA records that count for the name: its own, or those of the first name above it that has some. */
  authorities(
    name: string,
    call: LookupCall,
  ): Promise<{ readonly at: string; readonly records: readonly CaaRecord[] } | undefined>;
  /** Names of the servers that the zone is delegated to; empty when it is not delegated. */
  nameServers(zone: string, call: LookupCall): Promise<readonly string[]>;
  /**
   * What each address of the name answers over plain HTTP (200, the first KiB); undefined where it does not, or is
   * not a public one.
   */
  knock(asked: Knock, call: LookupCall): Promise<readonly (string | undefined)[]>;
  close(): Promise<void>;
}
