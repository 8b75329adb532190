/** GET, PATCH and DELETE /modules/{type}/{name}/servers/{id} */
import { Type } from 'typebox';
import { changeServer, removeServer } from '../../../servers/change-servers.js';
import { findServer, listed } from '../../../servers/find-server.js';
import { text } from '../../schemas/fields.js';
import { ServerChange, ServerParams, ServerView, viewServer } from '../../schemas/server.js';
import { jsonRoute } from '../../server/endpoint.js';

export const serverRoute = jsonRoute({
  call: 'GET /modules/:type/:name/servers/:id',
  id: 'getServer',
  tag: 'Operation',
  summary: 'Retrieve a server',
  params: ServerParams,
  answer: ServerView,
  answers: { 200: 'The server.' },
  failures: ['server_not_found'],
  handle: ({ params }, context) => viewServer(listed(context, findServer(context, params, params.id))),
});

export const changeServerRoute = jsonRoute({
  call: 'PATCH /modules/:type/:name/servers/:id',
  id: 'changeServer',
  tag: 'Operation',
  summary: 'Change a server',
  description:
    'Changes the values that the request contains. Jobs that begin later use the new values, also for ' +
    'existing accounts. To drain a server, set `active` to false.',
  params: ServerParams,
  body: ServerChange,
  answer: ServerView,
  answers: { 200: 'The server was changed.' },
  failures: ['module_not_found', 'server_not_found', 'server_exists', 'state_unavailable'],
  handle: async ({ params, body }, context) =>
    viewServer(await changeServer(context, params, params.id, body)),
});

export const removeServerRoute = jsonRoute({
  call: 'DELETE /modules/:type/:name/servers/:id',
  id: 'removeServer',
  tag: 'Operation',
  summary: 'Remove a server',
  description: 'A server with accounts cannot be removed.',
  params: ServerParams,
  answer: Type.Object({ id: text('The ID of the server.', 'srv_3f9c2ab81d7e6054') }),
  answers: { 200: 'The server was removed.' },
  failures: ['server_not_found', 'server_in_use', 'state_unavailable'],
  handle: async ({ params }, context) => {
    await removeServer(context, params, params.id);
    return { id: params.id };
  },
});
