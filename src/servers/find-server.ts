/** Finds the servers of a module. */
import { AgentError } from '../kernel/errors.js';
import type { ServerHealth } from '../model/account.js';
import type { Server, ServerRules } from '../model/server.js';
import { accountsOn, roomOn } from '../jobs/effects/server-choice.js';
import type { ServerDeps } from './context.js';

/** A module as its URL names it. */
export interface ModuleName {
  readonly type: string;
  readonly name: string;
}

export interface ListedServer {
  readonly server: Server;
  /** The number of services with an account on the server. */
  readonly accounts: number;
  /** The number of further accounts that the server can take; null if there is no limit. */
  readonly room: number | null;
  /** Undefined before the first check. */
  readonly health: ServerHealth | undefined;
}

type Finding = Pick<ServerDeps, 'state' | 'products' | 'accounts'>;

/** The servers of a module, by name. Throws `module_not_found` if the module is unknown and has no servers. */
export function listServers({ state, products, accounts }: Finding, module: ModuleName): ListedServer[] {
  const found = state.servers.list().filter((server) => isOf(server, module));
  const isKnown = module.type === 'product' && products.find(module.name) !== undefined;
  if (found.length === 0 && !isKnown) throw new AgentError('module_not_found', 'There is no such module.');
  return found
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((server) => listed({ state, accounts }, server));
}

/** Throws `server_not_found`. */
export function findServer({ state }: Pick<Finding, 'state'>, module: ModuleName, id: string): Server {
  const found = state.servers.find(id);
  if (found && isOf(found, module)) return found;
  throw new AgentError('server_not_found', 'The module has no such server.');
}

export function listed(
  { state, accounts: seen }: Pick<Finding, 'state' | 'accounts'>,
  server: Server,
): ListedServer {
  const room = roomOn(state, server);
  return {
    server,
    accounts: accountsOn(state, server),
    room: Number.isFinite(room) ? room : null,
    health: seen.server(server.id),
  };
}

/** Throws `module_not_found`, and `not_supported` for a module that uses no servers. */
export function rulesFor({ products }: Pick<Finding, 'products'>, { type, name }: ModuleName): ServerRules {
  const product = type === 'product' ? products.find(name) : undefined;
  if (!product)
    throw new AgentError('module_not_found', 'There is no such module, or it cannot be used at the moment.');
  const { servers } = product.declared;
  if (servers) return servers;
  throw new AgentError('not_supported', 'The module uses no servers.');
}

function isOf({ module }: Server, { type, name }: ModuleName): boolean {
  return module.type === type && module.name === name;
}
