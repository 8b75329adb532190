/** GET /status */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { makeStatusTexts } from '../../../services/status-texts.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { ServiceIdText, success } from '../../schemas/common.js';
import { StatusView } from '../../schemas/service.js';
import { schemaOf } from '../../server/endpoint.js';

const schema = schemaOf(
  {
    call: 'GET /status',
    id: 'getStatus',
    tag: 'Sites',
    summary: 'Retrieve the state of a site',
    description:
      'The response uses only data that the agent already has, so it never waits for a container host.',
    query: Type.Object({ service_id: ServiceIdText }),
    failures: ['service_not_found', 'state_damaged'],
  },
  { 200: success(StatusView, 'The current state of the site.') },
);

export const statusRoute: Route = (app, context) => {
  const texts = makeStatusTexts(context);
  app.get('/status', { schema }, (request, reply): void => {
    const text = texts.read(callerOf(request), request.query.service_id);
    if (typeof text === 'string') sendText(reply, text);
    else text.then((late) => sendText(reply, late)).catch((error: unknown) => sendFailure(reply, error));
  });
};

function sendText(reply: FastifyReply, text: string): void {
  void reply.type('application/json; charset=utf-8').send(text);
}

function sendFailure(reply: FastifyReply, error: unknown): void {
  void reply.send(error);
}
