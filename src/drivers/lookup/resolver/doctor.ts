/** The check of looking names up as it is done for customers' domains. */
import { getServers } from 'node:dns';
import { type DriverDoctor, ok, sentenceOf, type Verdict, warning } from '../../shared/doctor/check.js';
import type { LookupConfig } from './config.js';
import { nameLookup } from './index.js';

interface Parts {
  readonly configFile: string;
  readonly config: { readonly agent: { readonly base_domain: string }; readonly domains: LookupConfig };
}

export function doctor(parts: Parts): DriverDoctor {
  return {
    checks: [
      {
        name: 'lookup',
        title: "looking up customers' domains",
        after: [],
        look: [`# in ${parts.configFile}: domains.resolvers`],
        withinMs: 20_000,
        run: (signal) => checkLookup(parts, signal),
      },
    ],
    close: async () => {},
  };
}

/**
 * The base domain is one whose name servers must be reachable as a customer's are: resolvers first, then the servers
 * themselves.
 */
async function checkLookup({ config, configFile }: Parts, signal: AbortSignal): Promise<Verdict> {
  const base = config.agent.base_domain;
  const resolvers = config.domains.resolvers.length > 0 ? config.domains.resolvers : getServers();
  const lookup = nameLookup(config.domains);
  try {
    await lookup.addresses(base, { signal });
    return ok(`${resolvers.join(', ')} and the name servers of ${base} answer`);
  } catch (error) {
    // sites of the base domain do not need it
    return warning(
      `${base} cannot be looked up, so no domain of a customer can be checked: ${sentenceOf(error)}`,
      ...resolvers.slice(0, 1).map((resolver) => digOf(base, resolver)),
      `# in ${configFile}: domains.resolvers; port 53 must be open to the world, for udp and tcp`,
    );
  } finally {
    await lookup.close();
  }
}

function digOf(name: string, resolver: string): string {
  const [, host = resolver, port] = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(resolver) ?? [];
  return `dig ${port === undefined ? '' : `-p ${port} `}@${host} ${name} NS`;
}
