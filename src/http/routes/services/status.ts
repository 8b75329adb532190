/** GET /status */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { makeStatusTexts } from '../../../services/status-texts.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdText, success } from '../../schemas/common.js';
import { statusProperties } from '../../schemas/service.js';

const schema = {
  summary: 'Says how a service is',
  description: 'From what the daemon knows; never waits for a container host.',
  tags: ['Sites'],
  querystring: Type.Object({ service_id: ServiceIdText }),
  response: {
    200: success(statusProperties, 'The service.'),
  },
  failures: failures('service_not_found', 'state_damaged'),
};

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
