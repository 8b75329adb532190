/** GET /services/{id}/overview */
import { Type } from 'typebox';
import { readOverview } from '../../overview.js';
import { ALERT_KINDS } from '../../../model/alert.js';
import { CREDENTIALS_STATES } from '../../../services/credentials-state.js';
import { isOperator } from '../../guards/auth.js';
import { BackupListView, viewBackupList } from '../../schemas/backup.js';
import { ServiceIdText } from '../../schemas/common.js';
import { DomainListView, viewDomainList } from '../../schemas/domain.js';
import { described, flag, instant, list, nullable, text, word } from '../../schemas/fields.js';
import { ServiceView } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

const AlertOfService = Type.Object(
  {
    alert: word(ALERT_KINDS, 'The kind of alert.', 'job_stuck'),
    severity: word(['warning', 'critical'], 'How urgent it is.', 'critical'),
    raised_at: instant('When it was raised.'),
    text: nullable(text('What is wrong. Null: only operators see it.', ''), null),
  },
  { title: 'ServiceAlert', description: 'An active alert about a service.' },
);

const Credentials = Type.Object(
  {
    state: word(
      CREDENTIALS_STATES,
      '`not_yet`: the site is still being made. `readable`: `GET /services/{id}/credentials` answers them. `acknowledged`: they were received. `gone`: they have expired.',
      'readable',
    ),
    expires_at: nullable(
      instant('Until when they can be read. Null: they cannot be.', '2026-03-08T12:00:00.000Z'),
    ),
  },
  { description: 'Whether the first credentials can be read.' },
);

export const overviewRoute = jsonRoute({
  call: 'GET /services/:id/overview',
  id: 'getOverview',
  tag: 'Services',
  summary: "Retrieve everything that a panel's page about a service shows",
  description: 'Answers from what the daemon knows and never waits for a container host.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    service: ServiceView,
    domains: nullable(
      described(DomainListView, 'As `GET /action/getdomain` answers. Null: the product has no website.'),
    ),
    backups: nullable(
      described(BackupListView, 'As `GET /action/getbak` answers. Null: the product has no container.'),
    ),
    credentials: Credentials,
    login_link: flag('True: the product has `POST /services/{id}/login-link`.', true),
    problems: list('What is wrong or not done yet, in sentences that a customer may read.', []),
    alerts: Type.Array(AlertOfService, { description: 'Active alerts about this service.' }),
  }),
  answers: { 200: 'The whole page.' },
  failures: ['service_not_found', 'state_damaged'],
  handle: async ({ caller, params, request }, context) => {
    const found = await readOverview(context, caller, params.id, isOperator(request));
    const { domains, backups, ...rest } = found;
    return {
      ...rest,
      domains: domains && viewDomainList(domains),
      backups: backups && viewBackupList(backups),
    };
  },
});
