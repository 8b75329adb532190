/** POST /action/{start,stop,restart,reset}, and POST /action with the word in the body. */
import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { siteAction, type SiteAction, SITE_ACTIONS } from '../../../services/site-action.js';
import { callerOf } from '../../guards/auth.js';
import type { Route, RouteContext } from '../../server/route.js';
import { failures, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const fields = {
  service_id: ServiceIdIn,
  status: Type.Optional(
    Type.String({
      maxLength: 100,
      'x-rule': 'must be text',
      description: "The panel's own word for the service; `suspended` is refused.",
    }),
  ),
  discard_newer: Type.Optional(
    Type.Boolean({
      'x-rule': 'must be true or false',
      description:
        'Only for `reset`: newer snapshots may be deleted where the storage cannot go back past them.',
    }),
  ),
};
const ByPath = Type.Object(fields);
const ByWord = Type.Object({
  ...fields,
  action: Type.Enum([...SITE_ACTIONS], { 'x-rule': `must be one of: ${SITE_ACTIONS.join(', ')}` }),
});

const MEANINGS: Readonly<Record<SiteAction, string>> = {
  start: 'Starts a site',
  stop: 'Stops a site, gracefully if it can',
  restart: 'Stops a site and starts it again',
  reset: 'Takes a site back to how it was delivered, after a safety snapshot',
};

const answers = {
  tags: ['Customer actions'],
  response: startedAnswers({ action: Type.Enum([...SITE_ACTIONS]) }, 'Done; also when it was so before.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'service_busy',
    'service_failed',
    'service_terminated',
    'backup_not_found',
    'backup_not_newest',
    'snapshots_unavailable',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

interface Sent {
  readonly service_id: string | number;
  readonly status?: string;
  readonly discard_newer?: boolean;
}

export const actionRoutes: Route = (app, context) => {
  for (const action of SITE_ACTIONS) {
    const schema = { summary: MEANINGS[action], body: ByPath, ...answers };
    app.post(`/action/${action}`, { schema }, (request, reply) =>
      act(context, request, reply, action, request.body),
    );
  }
  const schema = { summary: 'Does one of the four actions', body: ByWord, ...answers };
  app.post('/action', { schema }, (request, reply) =>
    act(context, request, reply, request.body.action, request.body),
  );
};

async function act(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  action: SiteAction,
  sent: Sent,
) {
  const requested = { action, status: sent.status, discardNewer: sent.discard_newer };
  const started = await siteAction(context, callerOf(request), String(sent.service_id), requested);
  return answerJob(context, request, reply, started, () => ({ action }));
}
