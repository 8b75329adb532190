/** The `data` of each type of event. */
import { type TObject, Type } from 'typebox';
import type { EventType } from '../../model/service-event.js';
import { BACKUP, CUSTOMER, DOMAIN, EMAIL, FQDN, JOB } from './examples.js';
import { flag, instant, list, nullable, text, uuid } from './fields.js';
import { JobMethod } from './job.js';
import { SuspendedFor } from './service.js';

interface EventKind {
  /** When the event is written. */
  readonly meaning: string;
  readonly data: TObject;
}

const job = { job_id: uuid('The ID of the job.', JOB), method: JobMethod };
const domain = text('The domain name in ASCII form.', DOMAIN);

const EventError = Type.Object(
  {
    code: text('The error code. The table of errors lists all codes.', 'container_host_failed'),
    message: text(
      'The error as one plain sentence that a customer may read.',
      'The container host reported a failure.',
    ),
    step: nullable(
      text(
        'The step that failed. The value is null if the failure cannot be attributed to one particular ' +
          'step.',
        'container',
      ),
    ),
  },
  { title: 'EventError', description: 'The error that made the operation fail.' },
);

const NoData = Type.Object(
  {},
  { title: 'NoData', description: 'Events of this type have no further details.' },
);
const Suspension = Type.Object(
  { suspended_for: SuspendedFor },
  { title: 'SuspensionData', description: 'The data of the event `service.suspended`.' },
);
const OneDomain = Type.Object(
  { domain },
  {
    title: 'DomainData',
    description:
      'The data of the events `domain.added`, `domain.removed`, `domain.enabled` and ' +
      '`domain.primary_changed`.',
  },
);
const OneBackup = Type.Object(
  { name: text('The name of the backup.', BACKUP) },
  { title: 'BackupData', description: 'The data of the events `backup.made` and `backup.removed`.' },
);
const QueuedJob = Type.Object(job, {
  title: 'QueuedJobData',
  description: 'The data of the event `job.queued`.',
});
const EndedJob = Type.Object(
  { ...job, error: nullable(EventError, null) },
  {
    title: 'EndedJobData',
    description:
      'The data of the events `job.completed`, `job.failed`, `job.stuck` and `job.cancelled`. If a job ' +
      'caused an event `service.failed`, that event has the same data.',
  },
);

export const EVENT_DATA: Readonly<Record<EventType, EventKind>> = {
  'service.ordered': {
    meaning: 'A service was ordered.',
    data: Type.Object(
      {
        plan: text('The name of the plan.', 'basic'),
        email: text("The customer's e-mail address.", EMAIL),
        fqdn: nullable(
          text(
            "The full host name of the site's subdomain. The value is null if the product has no " +
              'website.',
            FQDN,
          ),
        ),
      },
      { title: 'OrderData', description: 'The data of the event `service.ordered`.' },
    ),
  },
  'service.active': { meaning: 'The service is ready for its customer.', data: NoData },
  'service.failed': { meaning: 'The creation of a service failed and was rolled back.', data: EndedJob },
  'service.suspended': {
    meaning: 'The service was suspended, or the reasons for its suspension changed.',
    data: Suspension,
  },
  'service.unsuspended': {
    meaning: 'The last reason for the suspension was lifted, so the service is active again.',
    data: NoData,
  },
  'service.terminated': {
    meaning: 'The service was deleted.',
    data: Type.Object(
      {
        purge_at: nullable(
          instant(
            'The time at which the container will be removed. The value is null if the container is ' +
              'removed immediately.',
          ),
          null,
        ),
      },
      { title: 'TerminationData', description: 'The data of the event `service.terminated`.' },
    ),
  },
  'service.restored': {
    meaning: 'A deleted service was ordered again before its container was removed.',
    data: NoData,
  },
  'service.purged': { meaning: 'The container of a deleted service was removed.', data: NoData },
  'service.plan_changed': {
    meaning: 'The plan of the service was changed.',
    data: Type.Object(
      { from: text('The previous plan.', 'basic'), to: text('The new plan.', 'premium') },
      { title: 'PlanData', description: 'The data of the event `service.plan_changed`.' },
    ),
  },
  'service.owner_changed': {
    meaning: 'The owner of the service was changed.',
    data: Type.Object(
      {
        email: text("The owner's e-mail address.", EMAIL),
        user_id: nullable(
          text(
            'The ID of the owner in the panel. The value is null if the panel did not send one.',
            CUSTOMER,
          ),
        ),
      },
      { title: 'OwnerData', description: 'The data of the event `service.owner_changed`.' },
    ),
  },
  'domain.added': { meaning: 'A custom domain was added.', data: OneDomain },
  'domain.removed': { meaning: 'A custom domain was removed.', data: OneDomain },
  'domain.certificate_changed': {
    meaning: 'The certificate of a domain was ordered, issued or renewed, or could not be issued.',
    data: Type.Object(
      {
        domain,
        state: text('The state of the certificate, as in `GET /action/getdomain`.', 'issued'),
        expires_at: nullable(
          instant(
            'The time at which the certificate expires. The value is null if there is no certificate.',
            '2026-05-30T12:00:00.000Z',
          ),
        ),
        names: list('The names that the certificate is valid for.', ['example.com', 'www.example.com']),
        problem: nullable(
          text(
            'Why no certificate was issued, or why the certificate does not include one of the names.',
            'www.example.com does not exist.',
          ),
        ),
      },
      { title: 'CertificateData', description: 'The data of the event `domain.certificate_changed`.' },
    ),
  },
  'domain.primary_changed': { meaning: 'The primary domain of the site was changed.', data: OneDomain },
  'domain.disabled': {
    meaning: 'A domain is no longer served because it pointed elsewhere for too long.',
    data: Type.Object(
      {
        domain,
        problem: text(
          'A sentence that says where the domain points.',
          `${DOMAIN} points to 192.0.2.1 instead of 203.0.113.10.`,
        ),
      },
      { title: 'DisabledDomainData', description: 'The data of the event `domain.disabled`.' },
    ),
  },
  'domain.enabled': {
    meaning: 'A disabled domain was enabled again, because it points to the service again.',
    data: OneDomain,
  },
  'proxy.toggled': {
    meaning: 'The site was switched off or on for visitors.',
    data: Type.Object(
      { enabled: flag('True if visitors can reach the site.', false) },
      { title: 'ToggleData', description: 'The data of the event `proxy.toggled`.' },
    ),
  },
  'backup.made': { meaning: 'A backup was created.', data: OneBackup },
  'backup.removed': { meaning: 'A backup was deleted.', data: OneBackup },
  'job.queued': { meaning: 'A job was recorded.', data: QueuedJob },
  'job.completed': { meaning: 'A job was completed.', data: EndedJob },
  'job.failed': { meaning: 'A job failed, and its changes were rolled back.', data: EndedJob },
  'job.stuck': {
    meaning: 'A job can neither continue nor be rolled back. An operator must act.',
    data: EndedJob,
  },
  'job.cancelled': { meaning: 'A job was cancelled, or a later request superseded it.', data: EndedJob },
};
