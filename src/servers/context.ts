/** Dependencies of the operations on servers. */
import type { ServerTest } from '../model/server-run.js';
import type { Server } from '../model/server.js';
import type { OperationContext } from '../services/context.js';

/** Calls `testConnection` of the server's module. Never rejects. */
export type TestServer = (server: Server, signal: AbortSignal) => Promise<ServerTest>;

export type ServerDeps = Pick<
  OperationContext,
  'state' | 'clock' | 'products' | 'dataChecks' | 'serverTurns' | 'log' | 'accounts'
>;
