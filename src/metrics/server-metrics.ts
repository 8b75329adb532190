/** Metrics of the servers on which products create accounts, read on demand. */
import type { Registry } from 'prom-client';
import type { Accounts } from '../model/account.js';
import type { Server } from '../model/server.js';
import type { State } from '../state/contract.js';
import { looked, type Sample } from './registry.js';

export interface ServerSources {
  readonly state: Pick<State, 'services' | 'servers'>;
  readonly accounts: Accounts;
}

const LABELS = ['module', 'server'] as const;

export function serverMetrics(registry: Registry, { state, accounts }: ServerSources): void {
  const labelsOf = ({ module, name }: Server) => ({ module: `${module.type}/${module.name}`, server: name });
  const each = (valueOf: (server: Server) => number | undefined) => (): Sample[] =>
    state.servers.list().flatMap((server): Sample[] => {
      const value = valueOf(server);
      return value === undefined ? [] : [[labelsOf(server), value]];
    });
  const used = ({ id }: Server): number => state.services.placesOn(id).size;
  looked(registry, 'server_accounts', 'Services with an account on the server.', [...LABELS], each(used));
  looked(
    registry,
    'server_max_accounts',
    'Maximum number of accounts, for servers that have one.',
    [...LABELS],
    each(({ maxAccounts }) => maxAccounts ?? undefined),
  );
  looked(
    registry,
    'server_up',
    '1 if the server responded to the last check.',
    [...LABELS],
    each(({ id }) => {
      const health = accounts.server(id);
      return health && Number(health.reachable);
    }),
  );
  looked(
    registry,
    'server_usage',
    'Sum of what the accounts on the server use, by the names that the module reports.',
    [...LABELS, 'name'],
    () => {
      const sums = new Map<string, Map<string, number>>();
      for (const { key, server } of state.services.entries()) {
        if (server === null) continue;
        const sum = sums.get(server) ?? new Map<string, number>();
        sums.set(server, sum);
        for (const [name, value] of Object.entries(accounts.of(key)?.usage ?? {}))
          sum.set(name, (sum.get(name) ?? 0) + value);
      }
      return state.servers
        .list()
        .flatMap((server) =>
          [...(sums.get(server.id) ?? [])].map(([name, value]): Sample => [
            { ...labelsOf(server), name },
            value,
          ]),
        );
    },
  );
}
