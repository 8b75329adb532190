/** Adds, changes and removes servers. All changes of servers run one after the other. */
import { randomBytes } from 'node:crypto';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { Server } from '../model/server.js';
import { accountsOn } from '../jobs/effects/server-choice.js';
import { changedValues, newValues, type ServerRequest } from './check-server.js';
import type { ServerDeps } from './context.js';
import { findServer, listed, type ListedServer, type ModuleName, rulesFor } from './find-server.js';

const MOST_SERVERS = 1_000;
const ID_BYTES = 8;

/**
 * Throws `module_not_found`, `not_supported`, `invalid_request`, `server_exists`, `quota_reached`,
 * `state_unavailable`. The server is durable when the promise resolves.
 */
export function addServer(
  context: ServerDeps,
  module: ModuleName,
  request: ServerRequest,
): Promise<ListedServer> {
  return context.serverTurns.run('servers', async () => {
    const rules = rulesFor(context, module);
    const values = changedValues(context.dataChecks, rules, newValues(rules), request);
    const { servers } = context.state;
    if (servers.list().length >= MOST_SERVERS)
      throw new AgentError('quota_reached', `Server limit reached (${MOST_SERVERS} of ${MOST_SERVERS})`);
    const id = `srv_${randomBytes(ID_BYTES).toString('hex')}`;
    refuseTwice(context, { ...values, id, module: { type: 'product', name: module.name } });
    const now = instant(context.clock);
    const server = await servers.commit(id, () => ({
      ...{ id, module: { type: 'product', name: module.name }, ...values },
      ...{ createdAt: now, updatedAt: now },
    }));
    return listed(context, server);
  });
}

/** Throws `server_not_found`, and what `addServer` throws. */
export function changeServer(
  context: ServerDeps,
  module: ModuleName,
  id: string,
  request: ServerRequest,
): Promise<ListedServer> {
  return context.serverTurns.run('servers', async () => {
    const before = findServer(context, module, id);
    const values = changedValues(context.dataChecks, rulesFor(context, module), before, request);
    refuseTwice(context, { ...before, ...values });
    const updatedAt = instant(context.clock);
    const server = await context.state.servers.commit(id, (current = before) => ({
      ...current,
      ...values,
      updatedAt,
    }));
    return listed(context, server);
  });
}

/** Throws `server_not_found`, `server_in_use`, `state_unavailable`. */
export function removeServer(context: ServerDeps, module: ModuleName, id: string): Promise<void> {
  return context.serverTurns.run('servers', async () => {
    const { servers } = context.state;
    const server = findServer(context, module, id);
    refuseUsed(context, server);
    // an inactive server is not chosen, so no order can get the server while it is being removed
    await servers.commit(id, (current = server) => ({ ...current, active: false }));
    try {
      await servers.remove(id, () => {
        refuseUsed(context, server);
        return true;
      });
    } catch (error) {
      await servers.commit(id, (current = server) => ({ ...current, active: server.active }));
      throw error;
    }
  });
}

function refuseUsed({ state }: Pick<ServerDeps, 'state'>, server: Server): void {
  const accounts = accountsOn(state, server);
  if (accounts === 0) return;
  throw new AgentError(
    'server_in_use',
    `The server has the accounts of ${accounts} ${accounts === 1 ? 'service' : 'services'}.`,
  );
}

function refuseTwice(
  { state }: Pick<ServerDeps, 'state'>,
  server: Pick<Server, 'id' | 'module' | 'name'>,
): void {
  const isSame = ({ id, module, name }: Server): boolean =>
    id !== server.id &&
    module.name === server.module.name &&
    name.toLowerCase() === server.name.toLowerCase();
  if (state.servers.list().some(isSame))
    throw new AgentError('server_exists', `The module has another server with the name ${server.name}.`);
}
