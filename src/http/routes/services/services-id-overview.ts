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
    raised_at: instant('The time at which the alert was raised.'),
    text: nullable(
      text('A description of the problem. The value is null if only operators may read the description.', ''),
      null,
    ),
  },
  { title: 'ServiceAlert', description: 'An active alert about a service.' },
);

const Credentials = Type.Object(
  {
    state: word(
      CREDENTIALS_STATES,
      '`not_yet`: the site is being created. `readable`: `GET /services/{id}/credentials` returns the ' +
        'credentials. `acknowledged`: the panel confirmed that it received the credentials. `gone`: the ' +
        'credentials have expired.',
      'readable',
    ),
    expires_at: nullable(
      instant(
        'The time until which the credentials can be read. The value is null if they cannot be read.',
        '2026-03-08T12:00:00.000Z',
      ),
    ),
  },
  { description: 'Whether the initial credentials of the site can be read.' },
);

export const overviewRoute = jsonRoute({
  call: 'GET /services/:id/overview',
  id: 'getOverview',
  tag: 'Services',
  summary: "Retrieve all data for a panel's page about a service",
  description:
    'The response uses only data that the agent already has, so it never waits for a container host.',
  params: Type.Object({ id: ServiceIdText }),
  answer: Type.Object({
    service: ServiceView,
    domains: nullable(
      described(
        DomainListView,
        'The domains, in the format of `GET /action/getdomain`. The value is null if the product has ' +
          'no website.',
      ),
    ),
    backups: nullable(
      described(
        BackupListView,
        'The backups, in the format of `GET /action/getbak`. The value is null if the product has no ' +
          'container.',
      ),
    ),
    credentials: Credentials,
    login_link: flag('True if the product supports `POST /services/{id}/login-link`.', true),
    problems: list(
      'Problems and unfinished operations of the service, in sentences that a customer may read.',
      [],
    ),
    alerts: Type.Array(AlertOfService, { description: 'The active alerts about this service.' }),
  }),
  answers: { 200: 'All data for the page about the service.' },
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
