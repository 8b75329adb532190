/** Checks the wildcard record that the DNS driver `none` requires. */
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { onAbort } from '../../../kernel/async/on-abort.js';
import { type DriverDoctor, ok, type Verdict, warning, wrong } from '../../shared/doctor/check.js';

interface Parts {
  readonly config: {
    readonly agent: { readonly base_domain: string };
    readonly proxy: { readonly public_addresses: readonly string[] };
    readonly domains: { readonly resolvers: readonly string[] };
  };
}

export function doctor(parts: Parts): DriverDoctor {
  return {
    checks: [
      {
        name: 'dns',
        title: 'DNS wildcard record',
        after: [],
        look: [`dig ${parts.config.agent.base_domain}`],
        run: (signal) => checkWildcard(parts, signal),
      },
    ],
    close: async () => {},
  };
}

async function checkWildcard({ config }: Parts, signal: AbortSignal): Promise<Verdict> {
  const name = `innkeeper-doctor-${randomBytes(4).toString('hex')}.${config.agent.base_domain}`;
  const { public_addresses: wanted } = config.proxy;
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (config.domains.resolvers.length > 0) resolver.setServers(config.domains.resolvers);
  const forget = onAbort(signal, () => resolver.cancel());
  const answers = await Promise.all(
    [resolver.resolve4(name), resolver.resolve6(name)].map((asked) => asked.catch((): string[] => [])),
  );
  forget();
  const found = answers.flat();
  const base = config.agent.base_domain;
  const fix = (wanted.length > 0 ? wanted : ['<public address>']).map(
    (address) =>
      `# in the zone of ${base}: *.${base}. 300 IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
  );
  if (found.length === 0) return wrong(`*.${base} does not resolve`, ...fix);
  const stray = found.filter((address) => wanted.length > 0 && !wanted.includes(address));
  if (stray.length > 0)
    return warning(`*.${base} points to ${stray.join(', ')}, which is not in proxy.public_addresses`, ...fix);
  return ok(`*.${base} points to ${found.join(', ')}`);
}
