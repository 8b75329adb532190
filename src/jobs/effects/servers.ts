/** The calls of a step about the server of its service. */
import { keyOf, type Service } from '../../model/service.js';
import { originOf, type Server } from '../../model/server.js';
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { DocumentStore } from '../../state/contract.js';
import type { ServerView } from '../../modules/kit/server-types.js';
import type { EffectOf } from './effect.js';
import { chooseServer, serverRequestOf } from './server-choice.js';

/** The names of references to credentials begin with this. Modules cannot choose such a name for a secret. */
const PREFIX = 'server.';

export const allocate: EffectOf<'servers.allocate'> = async ({ deps, journal }) => {
  const service = await journal.changeSubject((current) => {
    if (current.server) return current;
    const self = { key: keyOf(current), createdAt: current.createdAt };
    return {
      ...current,
      server: chooseServer(deps, serverRequestOf(current.module.name, current.plan), self),
    };
  });
  const { id, name } = serverOf(deps, service);
  return { id, name };
};

export const current: EffectOf<'servers.current'> = async ({ deps, journal }) => {
  const service = await journal.subject();
  return service.server ? viewServer(serverOf(deps, service)) : null;
};

/** Throws `module_failed` if the service has no server. */
function serverOf(
  { servers }: { readonly servers: Pick<DocumentStore<Server>, 'find'> },
  { server }: Pick<Service, 'server'>,
): Server {
  const found = server ? servers.find(server.id) : undefined;
  if (found) return found;
  throw new AgentError('module_failed', 'The server of this service has no record.', {
    role: 'agent',
    failure: 'busy',
    detail: `there is no server ${server?.id ?? '(none)'}; add it again, or forget the service`,
  });
}

/** A server as module code sees it: without the texts of its credentials. */
export function viewServer(server: Server): ServerView {
  const { id, name, group, host, port, data, tls, credentials } = server;
  const trust = tls && Object.keys(tls).length > 0 ? { tls } : {};
  return {
    ...{ id, name, group, host, port, data },
    credentials: Object.fromEntries(
      Object.keys(credentials).map((credential) => [credential, { secret: `${PREFIX}${credential}` }]),
    ),
    http: { baseUrl: originOf(server), ...trust },
  };
}

/** Whether the name of a secret refers to a credential of a server. */
export function isCredentialName(name: string): boolean {
  return name.startsWith(PREFIX);
}

export function credentialIn(server: Server | undefined, name: string): Secret | undefined {
  const credential = name.slice(PREFIX.length);
  const { credentials = {} } = server ?? {};
  return Object.hasOwn(credentials, credential) ? credentials[credential] : undefined;
}
