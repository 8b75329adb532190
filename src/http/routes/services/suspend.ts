/** POST /suspend, POST /unsuspend */
import { Type } from 'typebox';
import { SUSPENSION_REASONS } from '../../../model/service.js';
import { suspend, unsuspend } from '../../../services/suspend.js';
import { wordOf } from '../../../services/read-power.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdIn, StatusText } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const body = Type.Object({
  service_id: ServiceIdIn,
  reason: Type.Optional(
    Type.Enum([...SUSPENSION_REASONS], {
      default: 'billing',
      'x-rule': 'must be billing, abuse or admin',
    }),
  ),
});

interface Texts {
  readonly summary: string;
  readonly description: string;
  /** Of the answer. */
  readonly done: string;
}

function suspensionRoute(path: string, work: typeof suspend, { done, ...texts }: Texts): Route {
  const schema = {
    ...texts,
    tags: ['Sites'],
    body,
    response: startedAnswers({ status: StatusText, suspended_for: Type.Array(Type.String()) }, done),
    failures: failures(
      'invalid_json',
      'service_not_found',
      'service_failed',
      'service_terminated',
      'state_damaged',
      'container_host_failed',
      'container_host_timeout',
      'proxy_failed',
      'state_unavailable',
    ),
  };
  return (app, context) => {
    app.post(path, { schema }, async (request, reply) => {
      const { service_id: id, reason } = request.body;
      const started = await work(context, callerOf(request), String(id), reason);
      return answerJob(context, request, reply, started, (service) => ({
        status: wordOf(context.watch, service),
        suspended_for: [...service.suspendedFor],
      }));
    });
  };
}

export const suspendRoute = suspensionRoute('/suspend', suspend, {
  summary: 'Suspends a service',
  description:
    'The site is stopped and keeps its data; visitors of all its names see a page that says so. Customer changes are refused from now on.',
  done: 'Suspended; also when it was before.',
});

export const unsuspendRoute = suspensionRoute('/unsuspend', unsuspend, {
  summary: 'Lifts a suspension',
  description: 'Lifts `billing` unless another reason is named; the site comes back with the last one.',
  done: 'Lifted; also when there was none.',
});
