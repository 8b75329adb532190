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
const domain = text('The domain, in ASCII form.', DOMAIN);

const EventError = Type.Object(
  {
    code: text('The error code, as in the table of errors.', 'container_host_failed'),
    message: text('One plain sentence that a customer may read.', 'The container host reported a failure.'),
    step: nullable(text('The step that failed. Null: the failure concerns no single step.', 'container')),
  },
  { title: 'EventError', description: 'Why it failed.' },
);

const NoData = Type.Object({}, { title: 'NoData', description: 'No further details.' });
const Suspension = Type.Object(
  { suspended_for: SuspendedFor },
  { title: 'SuspensionData', description: 'Of `service.suspended`.' },
);
const OneDomain = Type.Object(
  { domain },
  {
    title: 'DomainData',
    description: 'Of `domain.added`, `domain.removed`, `domain.enabled` and `domain.primary_changed`.',
  },
);
const OneBackup = Type.Object(
  { name: text('The name of the backup.', BACKUP) },
  { title: 'BackupData', description: 'Of `backup.made` and `backup.removed`.' },
);
const QueuedJob = Type.Object(job, { title: 'QueuedJobData', description: 'Of `job.queued`.' });
const EndedJob = Type.Object(
  { ...job, error: nullable(EventError, null) },
  {
    title: 'EndedJobData',
    description:
      'Of `job.completed`, `job.failed`, `job.stuck`, `job.cancelled` and, if a job caused it, ' +
      '`service.failed`.',
  },
);

export const EVENT_DATA: Readonly<Record<EventType, EventKind>> = {
  'service.ordered': {
    meaning: 'A service was ordered.',
    data: Type.Object(
      {
        plan: text('The name of the plan.', 'basic'),
        email: text("The customer's e-mail address.", EMAIL),
        fqdn: nullable(text('The subdomain of the site. Null: the product has no website.', FQDN)),
      },
      { title: 'OrderData', description: 'Of `service.ordered`.' },
    ),
  },
  'service.active': { meaning: 'The service is ready for its customer.', data: NoData },
  'service.failed': { meaning: 'The creation failed and was rolled back.', data: EndedJob },
  'service.suspended': {
    meaning: 'The service was suspended, or the reasons for its suspension changed.',
    data: Suspension,
  },
  'service.unsuspended': { meaning: 'The last reason for the suspension was lifted.', data: NoData },
  'service.terminated': {
    meaning: 'The service was deleted.',
    data: Type.Object(
      { purge_at: nullable(instant('When its container is removed. Null: immediately.'), null) },
      { title: 'TerminationData', description: 'Of `service.terminated`.' },
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
      { title: 'PlanData', description: 'Of `service.plan_changed`.' },
    ),
  },
  'service.owner_changed': {
    meaning: 'The owner of the service was changed.',
    data: Type.Object(
      {
        email: text("The owner's e-mail address.", EMAIL),
        user_id: nullable(text("The panel's ID of the owner. Null: none was given.", CUSTOMER)),
      },
      { title: 'OwnerData', description: 'Of `service.owner_changed`.' },
    ),
  },
  'domain.added': { meaning: 'A custom domain was added.', data: OneDomain },
  'domain.removed': { meaning: 'A custom domain was removed.', data: OneDomain },
  'domain.certificate_changed': {
    meaning: "A domain's certificate was ordered, issued or renewed, or failed.",
    data: Type.Object(
      {
        domain,
        state: text('The state of the certificate, as in `GET /action/getdomain`.', 'issued'),
        expires_at: nullable(
          instant('When the certificate expires. Null: there is none.', '2026-05-30T12:00:00.000Z'),
        ),
        names: list('The names that the certificate is valid for.', ['example.com', 'www.example.com']),
        problem: nullable(
          text(
            'Why there is no certificate, or why it does not include a name.',
            'www.example.com does not exist.',
          ),
        ),
      },
      { title: 'CertificateData', description: 'Of `domain.certificate_changed`.' },
    ),
  },
  'domain.primary_changed': { meaning: 'The primary domain of the site was changed.', data: OneDomain },
  'domain.disabled': {
    meaning: 'A domain pointed elsewhere for too long and is no longer served.',
    data: Type.Object(
      {
        domain,
        problem: text(
          'Where it points, in one sentence.',
          `${DOMAIN} points to 192.0.2.1 instead of 203.0.113.10.`,
        ),
      },
      { title: 'DisabledDomainData', description: 'Of `domain.disabled`.' },
    ),
  },
  'domain.enabled': { meaning: 'A domain points here again and is served.', data: OneDomain },
  'proxy.toggled': {
    meaning: 'The site was switched off or on for visitors.',
    data: Type.Object(
      { enabled: flag('Whether visitors can reach the site.', false) },
      { title: 'ToggleData', description: 'Of `proxy.toggled`.' },
    ),
  },
  'backup.made': { meaning: 'A backup was created.', data: OneBackup },
  'backup.removed': { meaning: 'A backup was deleted.', data: OneBackup },
  'job.queued': { meaning: 'A job was recorded.', data: QueuedJob },
  'job.completed': { meaning: 'A job was completed.', data: EndedJob },
  'job.failed': { meaning: 'A job failed, and its changes were rolled back.', data: EndedJob },
  'job.stuck': { meaning: 'A job can neither continue nor be rolled back.', data: EndedJob },
  'job.cancelled': { meaning: 'A job was cancelled or superseded.', data: EndedJob },
};
