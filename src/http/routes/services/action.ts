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
      description:
        'The status of the service in the panel. The request is refused if the value is `suspended`.',
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
    description: 'The action to execute.',
    examples: ['restart'],
  }),
});

interface Texts {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
}

const TEXTS: Readonly<Record<SiteAction, Texts>> = {
  start: {
    id: 'startSite',
    summary: 'Start a site',
    description: 'If the site is already running, nothing happens.',
  },
  stop: {
    id: 'stopSite',
    summary: 'Stop a site',
    description:
      'Shuts the container down, or stops it by force if the shutdown takes too long. If the ' +
      'container is already stopped, nothing happens.',
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
      'Restores the site to the state in which it was delivered. Before that, a safety snapshot is ' +
      'created, which does not count towards the quota. `discard_newer` applies only to `reset`.',
  },
};

const common = {
  tag: 'Customer actions',
  done: 'The action was completed, or no action was needed.',
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

const answer = (example: SiteAction) =>
  Type.Object({ action: word(SITE_ACTIONS, 'The action to execute.', example) });

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
  description: 'Does the same as `POST /action/{action}`, but the action is a field of the body.',
  body: ByWord,
  answer: answer('restart'),
  start: ({ caller, body }, context) => act(context, caller, body.action, body),
  view: (_, { body }) => ({ action: body.action }),
});

export const actionRoutes: readonly Route[] = [...byPath, byWord];
