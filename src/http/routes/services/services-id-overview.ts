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
    severity: word(['warning', 'critical'], 'The severity of the alert.', 'critical'),
    raised_at: instant('When the alert was raised.'),
    text: nullable(text('What is wrong. Null: only operators can see it.', ''), null),
  },
  { title: 'ServiceAlert', description: 'An active alert about a service.' },
);

const Credentials = Type.Object(
  {
    state: word(
      CREDENTIALS_STATES,
      '`not_yet`: the site is being created. `readable`: `GET /services/{id}/credentials` returns ' +
        'them. `acknowledged`: they were received. `gone`: they have expired.',
      'readable',
    ),
    expires_at: nullable(
      instant(
        'When the credentials become unavailable. Null: they are not available.',
        '2026-03-08T12:00:00.000Z',
      ),
    ),
  },
  { description: 'The state of the initial credentials.' },
);

export const overviewRoute = jsonRoute({
  call: 'GET /services/:id/overview',
  id: 'getOverview',
  tag: 'Services',
  summary: "Retrieve everything that a panel's page about a service shows",
  description: 'Uses only data that the daemon already has, and never waits for a container host.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    service: ServiceView,
    domains: nullable(
      described(
        DomainListView,
        'As in the response of `GET /action/getdomain`. Null: the product has no website.',
      ),
    ),
    backups: nullable(
      described(
        BackupListView,
        'As in the response of `GET /action/getbak`. Null: the product has no container.',
      ),
    ),
    credentials: Credentials,
    login_link: flag('True: the product supports `POST /services/{id}/login-link`.', true),
    problems: list('What is wrong or not finished yet, in sentences that a customer may read.', []),
    alerts: Type.Array(AlertOfService, { description: 'Active alerts about this service.' }),
  }),
  answers: { 200: 'The data of the page.' },
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
