/** POST /action/{start,stop,restart,reset}, and POST /action with the action in the body. */
import { type Static, Type } from 'typebox';
import { siteAction, type SiteAction, SITE_ACTIONS } from '../../../services/site-action.js';
import type { Caller } from '../../../model/caller.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { DiscardNewer } from '../../schemas/discard-newer.js';
import { word } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';
import type { Route, RouteContext } from '../../server/route.js';

const fields = {
  service_id: ServiceIdIn,
  status: Type.Optional(
    Type.String({
      maxLength: 100,
      'x-rule': 'must be text',
      description: "The panel's status of the service. `suspended` is refused.",
      examples: ['active'],
    }),
  ),
  discard_newer: DiscardNewer,
};
const ByPath = Type.Object(fields);
const ByWord = Type.Object({
  ...fields,
  action: Type.Enum([...SITE_ACTIONS], {
    type: 'string',
    'x-rule': `must be one of: ${SITE_ACTIONS.join(', ')}`,
    description: 'The action.',
    examples: ['restart'],
  }),
});

interface Texts {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
}

const TEXTS: Readonly<Record<SiteAction, Texts>> = {
  start: { id: 'startSite', summary: 'Start a site', description: 'Does nothing if the site is running.' },
  stop: {
    id: 'stopSite',
    summary: 'Stop a site',
    description:
      'Shuts the container down, by force if it does not stop in time. Does nothing if it is stopped.',
  },
  restart: {
    id: 'restartSite',
    summary: 'Restart a site',
    description: 'Stops the container and starts it again.',
  },
  reset: {
    id: 'resetSite',
    summary: 'Reset a site',
    description:
      'Restores the site to the state of its delivery. A safety snapshot, which does not count towards ' +
      'the quota, is created first. `discard_newer` applies only to this action.',
  },
};

const common = {
  tag: 'Customer actions',
  done: 'The action was completed, or there was nothing to do.',
  failures: [
    'service_suspended',
    'not_supported',
    'backup_not_found',
    'backup_not_newest',
    'snapshots_unavailable',
    'container_host_failed',
    'container_host_timeout',
  ],
} as const;

const answer = (example: SiteAction) => Type.Object({ action: word(SITE_ACTIONS, 'The action.', example) });

function act(context: RouteContext, caller: Caller, action: SiteAction, sent: Static<typeof ByPath>) {
  const request = { action, status: sent.status, discardNewer: sent.discard_newer };
  return siteAction(context, caller, String(sent.service_id), request);
}

const byPath = SITE_ACTIONS.map((action) =>
  jobRoute({
    ...common,
    call: `POST /action/${action}`,
    ...TEXTS[action],
    body: ByPath,
    answer: answer(action),
    start: ({ caller, body }, context) => act(context, caller, action, body),
    view: () => ({ action }),
  }),
);

const byWord = jobRoute({
  ...common,
  call: 'POST /action',
  id: 'actOnSite',
  summary: 'Start, stop, restart or reset a site',
  description: 'The same as `POST /action/{action}`, with the action in the body.',
  body: ByWord,
  answer: answer('restart'),
  start: ({ caller, body }, context) => act(context, caller, body.action, body),
  view: (_, { body }) => ({ action: body.action }),
});

export const actionRoutes: readonly Route[] = [...byPath, byWord];
