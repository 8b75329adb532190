/**
 * The contract for looking up names at their authoritative servers, so that the results are what the public sees.
 * Throws AgentError `lookup_failed`, `aborted`.
 */
import type { CaaRecord } from '../../model/caa.js';

export interface LookupCall {
  readonly signal: AbortSignal;
}

export interface FoundAddresses {
  /**
   * The values of all A and AAAA records that any of the name servers returns, in canonical form. Aliases are
   * followed.
   */
  readonly addresses: readonly string[];
  /** The names to which the aliases point. */
  readonly aliases: readonly string[];
}

/** One request over plain HTTP to the addresses of a name. */
export interface HttpProbe {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** The names to which a redirect may lead, in addition to the name itself. */
  readonly alsoNames: readonly string[];
  /** Addresses that are not probed. */
  readonly except: readonly string[];
}

export interface NameLookup {
  addresses(name: string, call: LookupCall): Promise<FoundAddresses>;
  texts(name: string, call: LookupCall): Promise<readonly string[]>;
  /**
   * Returns the CAA records that apply to the name: the records of the name itself, or of the closest name above it
   * that has any.
   */
  authorities(
    name: string,
    call: LookupCall,
  ): Promise<{ readonly at: string; readonly records: readonly CaaRecord[] } | undefined>;
  /**
   * Returns the names of the servers to which the zone is delegated. The list is empty if the zone is not delegated.
   */
  nameServers(zone: string, call: LookupCall): Promise<readonly string[]>;
  /**
   * Returns, for each address of the name, the first KiB of a response with status 200 over plain HTTP. The value is
   * undefined if there is no such response, or if the address is not public.
   */
  knock(asked: HttpProbe, call: LookupCall): Promise<readonly (string | undefined)[]>;
  close(): Promise<void>;
}
