/** GET and POST /modules/{type}/{name}/servers */
import { Type } from 'typebox';
import { addServer } from '../../../servers/change-servers.js';
import { listServers } from '../../../servers/find-server.js';
import { NewServer, ServersParams, ServerView, viewServer } from '../../schemas/server.js';
import { jsonRoute } from '../../server/endpoint.js';

export const serversRoute = jsonRoute({
  call: 'GET /modules/:type/:name/servers',
  id: 'listServers',
  tag: 'Operation',
  summary: 'List the servers of a module',
  params: ServersParams,
  answer: Type.Object({
    servers: Type.Array(ServerView, { description: 'The servers of the module, sorted by name.' }),
  }),
  answers: { 200: 'The servers of the module.' },
  failures: ['module_not_found'],
  handle: ({ params }, context) => ({ servers: listServers(context, params).map(viewServer) }),
});

export const addServerRoute = jsonRoute({
  call: 'POST /modules/:type/:name/servers',
  id: 'addServer',
  tag: 'Operation',
  summary: 'Add a server',
  description:
    'Adds a server on which the module creates accounts. The server is not contacted: to check the ' +
    'connection, send `POST /modules/{type}/{name}/servers/{id}/test`.',
  params: ServersParams,
  body: NewServer,
  answer: ServerView,
  answers: { 201: 'The server was added.' },
  failures: ['module_not_found', 'not_supported', 'server_exists', 'quota_reached', 'state_unavailable'],
  handle: async ({ params, body }, context) => viewServer(await addServer(context, params, body)),
});
