/**
 * The contract of looking names up as the public sees them: at their authoritative servers. Throws AgentError
 * `lookup_failed`, `aborted`.
 */
import type { CaaRecord } from '../../model/caa.js';

export interface LookupCall {
  readonly signal: AbortSignal;
}

export interface FoundAddresses {
  /** Every A and AAAA that any of the name servers returns, in canonical form, with aliases followed. */
  readonly addresses: readonly string[];
  /** The names that the aliases point to. */
  readonly aliases: readonly string[];
}

/** One request over plain HTTP to the addresses of a name. */
export interface HttpProbe {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Names that a redirect may lead to, in addition to the name itself. */
  readonly alsoNames: readonly string[];
  /** Addresses that are not probed. */
  readonly except: readonly string[];
}

export interface NameLookup {
  addresses(name: string, call: LookupCall): Promise<FoundAddresses>;
  texts(name: string, call: LookupCall): Promise<readonly string[]>;
  /** The CAA records that apply to the name: its own, or those of the first name above it that has any. */
  authorities(
    name: string,
    call: LookupCall,
  ): Promise<{ readonly at: string; readonly records: readonly CaaRecord[] } | undefined>;
  /** Names of the servers that the zone is delegated to; empty if it is not delegated. */
  nameServers(zone: string, call: LookupCall): Promise<readonly string[]>;
  /**
   * The response of each address of the name over plain HTTP (200, the first KiB); undefined if there is none, or if
   * the address is not public.
   */
  knock(asked: HttpProbe, call: LookupCall): Promise<readonly (string | undefined)[]>;
  close(): Promise<void>;
}
