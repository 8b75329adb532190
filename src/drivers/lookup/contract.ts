/**
 * The contract for looking up names. The lookup queries the authoritative servers of a name, so that the results are
 * those that everyone on the internet gets. Throws AgentError `lookup_failed`, `aborted`.
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
  /** The targets of all aliases (CNAME records) that were followed. */
  readonly aliases: readonly string[];
}

/** One request over plain HTTP to the addresses of a name. */
export interface HttpProbe {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** The names to which a redirect may lead, in addition to the name itself. */
  readonly alsoNames: readonly string[];
  /** Addresses to which no request is sent. */
  readonly except: readonly string[];
}

export interface NameLookup {
  addresses(name: string, call: LookupCall): Promise<FoundAddresses>;
  texts(name: string, call: LookupCall): Promise<readonly string[]>;
  /**
   * Returns the CAA records that apply to the name. These are the records of the name itself, or else those of the
   * closest name above it that has CAA records.
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
   * Sends a plain HTTP request to each address of the name. Returns, for each address, the first KiB of the body if
   * the status was 200. The value is undefined if there was no such response, or if the address is not public.
   */
  knock(asked: HttpProbe, call: LookupCall): Promise<readonly (string | undefined)[]>;
  close(): Promise<void>;
}
