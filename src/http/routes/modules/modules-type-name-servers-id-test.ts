/** POST /modules/{type}/{name}/servers/{id}/test */
import { Type } from 'typebox';
import { findServer, rulesFor } from '../../../servers/find-server.js';
import { AgentError } from '../../../kernel/errors.js';
import { flag, nullable, text, whole } from '../../schemas/fields.js';
import { ServerParams } from '../../schemas/server.js';
import { jsonRoute } from '../../server/endpoint.js';

export const testServerRoute = jsonRoute({
  call: 'POST /modules/:type/:name/servers/:id/test',
  id: 'testServer',
  tag: 'Operation',
  summary: 'Test the connection to a server',
  description:
    'The module connects to the server and checks the credentials, for at most 15 seconds. A test that ' +
    'fails is a result and not an error.',
  params: ServerParams,
  answer: Type.Object({
    connected: flag('True if the server responds and accepts the credentials.', true),
    message: nullable(
      text('What the module says about the server. The value is null if the test failed.', 'Version 12.4'),
    ),
    problem: nullable(
      text('Why the test failed. The value is null if the test did not fail.', 'The credentials are wrong.'),
      null,
    ),
    duration_ms: whole('The duration of the test in milliseconds.', 84),
  }),
  answers: { 200: 'The result of the test.' },
  failures: ['module_not_found', 'server_not_found', 'not_supported'],
  handle: async ({ params }, context) => {
    const server = findServer(context, params, params.id);
    if (!rulesFor(context, params).tests)
      throw new AgentError('not_supported', 'The module cannot test the connection to its servers.');
    const { connected, message, problem, ms } = await context.testServer(server, context.stopping);
    return { connected, message, problem, duration_ms: ms };
  },
});
