/** Checks the lookup of names in the same way as for customers' domains. */
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
        title: "lookup of customers' domains",
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
 * Looks up the base domain in the same way as the domain of a customer: first through the resolvers, then at its name
 * servers.
 */
async function checkLookup({ config, configFile }: Parts, signal: AbortSignal): Promise<Verdict> {
  const base = config.agent.base_domain;
  const resolvers = config.domains.resolvers.length > 0 ? config.domains.resolvers : getServers();
  const lookup = nameLookup(config.domains);
  try {
    await lookup.addresses(base, { signal });
    return ok(`${resolvers.join(', ')} and the name servers of ${base} respond`);
  } catch (error) {
    // This is only a warning, because sites under the base domain do not need the lookup.
    return warning(
      `${base} cannot be looked up, so customers' domains cannot be checked: ${sentenceOf(error)}`,
      ...resolvers.slice(0, 1).map((resolver) => digOf(base, resolver)),
      `# in ${configFile}: domains.resolvers; outgoing port 53 must be open for udp and tcp`,
    );
  } finally {
    await lookup.close();
  }
}

function digOf(name: string, resolver: string): string {
  const [, host = resolver, port] = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(resolver) ?? [];
  return `dig ${port === undefined ? '' : `-p ${port} `}@${host} ${name} NS`;
}
