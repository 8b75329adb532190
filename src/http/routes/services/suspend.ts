/** POST /suspend, POST /unsuspend */
import { Type } from 'typebox';
import { SUSPENSION_REASONS, type SuspensionReason } from '../../../model/service.js';
import type { StatusWord } from '../../../model/status.js';
import { suspend, unsuspend } from '../../../services/suspend.js';
import { wordOf } from '../../../services/read-power.js';
import { ServiceIdIn, StatusText } from '../../schemas/common.js';
import { withExample } from '../../schemas/fields.js';
import { SuspendedFor } from '../../schemas/service.js';
import { type Described } from '../../server/endpoint.js';
import { jobRoute } from '../../server/job-route.js';
import type { Route } from '../../server/route.js';

const Body = Type.Object({
  service_id: ServiceIdIn,
  reason: Type.Optional(
    Type.Enum([...SUSPENSION_REASONS], {
      type: 'string',
      default: 'billing',
      'x-rule': 'must be billing, abuse or admin',
      description: 'The reason for the suspension. A service may have several reasons at the same time.',
      examples: ['billing'],
    }),
  ),
});

interface Suspension extends Omit<Described, 'tag'> {
  readonly done: string;
  readonly work: typeof suspend;
  readonly example: { readonly status: StatusWord; readonly reasons: SuspensionReason[] };
}

const suspensionRoute = ({ work, example, ...call }: Suspension): Route =>
  jobRoute({
    ...call,
    tag: 'Sites',
    body: Body,
    answer: Type.Object({
      status: withExample(StatusText, example.status),
      suspended_for: withExample(SuspendedFor, example.reasons),
    }),
    failures: ['container_host_failed', 'container_host_timeout', 'proxy_failed'],
    start: ({ caller, body }, context) => work(context, caller, String(body.service_id), body.reason),
    view: ({ service }, _, context) => ({
      status: wordOf(context.watch, service),
      suspended_for: [...service.suspendedFor],
    }),
  });

export const suspendRoute = suspensionRoute({
  call: 'POST /suspend',
  id: 'suspendSite',
  summary: 'Suspend a site',
  description:
    'Stops the site and keeps its data. Visitors see a page about the suspension under all names ' +
    'of the site. The customer cannot change the site until the suspension is lifted.',
  done: 'The site is suspended because of this request or an earlier one.',
  work: suspend,
  example: { status: 'suspended', reasons: ['billing'] },
});

export const unsuspendRoute = suspensionRoute({
  call: 'POST /unsuspend',
  id: 'unsuspendSite',
  summary: 'Lift a suspension',
  description:
    'Removes one reason for the suspension: the one in the request, or `billing` if the request ' +
    'names none. When no reason is left, the site starts.',
  done: 'The suspension was lifted, or the site was not suspended.',
  work: unsuspend,
  example: { status: 'running', reasons: [] },
});
