/**
 * The DNS driver `none`, which writes nothing, because a wildcard record of the operator points every name to the
 * proxy.
 */
import type { DnsDriver } from '../contract.js';

export const driver = (): DnsDriver => noneDnsDriver();

export function noneDnsDriver(): DnsDriver {
  return {
    capabilities: { records: false },
    ensureRecord: async () => {},
    removeRecord: async () => {},
    find: async () => undefined,
    list: async () => [],
    close: async () => {},
  };
}
