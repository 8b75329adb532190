/** What each type of event says in `data`. */
import { type TObject, Type } from 'typebox';
import type { EventType } from '../../model/service-event.js';
import { BACKUP, CUSTOMER, DOMAIN, EMAIL, FQDN, JOB } from './examples.js';
import { flag, instant, list, nullable, text, uuid } from './fields.js';
import { JobMethod } from './job.js';
import { SuspendedFor } from './service.js';

interface EventKind {
  /** When it is written. */
  readonly meaning: string;
  readonly data: TObject;
}

const job = { job_id: uuid('The id of the job.', JOB), method: JobMethod };
const domain = text('The domain, in ASCII form.', DOMAIN);

const EventError = Type.Object(
  {
    code: text('The error code, as in the table of errors.', 'container_host_failed'),
    message: text('One plain sentence that a customer may read.', 'The container host reported a failure.'),
    step: nullable(text('The step that failed. Null: no single step is to blame.', 'container')),
  },
  { title: 'EventError', description: 'Why it failed.' },
);

const NoData = Type.Object({}, { title: 'NoData', description: 'Nothing more is said.' });
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
      'Of `job.completed`, `job.failed`, `job.stuck`, `job.cancelled` and, where a job is to blame, `service.failed`.',
  },
);

export const EVENT_DATA: Readonly<Record<EventType, EventKind>> = {
  'service.ordered': {
    meaning: 'A service was ordered.',
    data: Type.Object(
      {
        plan: text('The name of the plan.', 'basic'),
        email: text("The customer's e-mail address.", EMAIL),
        fqdn: nullable(text('The name of the site. Null: the product has no website.', FQDN)),
      },
      { title: 'OrderData', description: 'Of `service.ordered`.' },
    ),
  },
  'service.active': { meaning: 'The service is ready for its customer.', data: NoData },
  'service.failed': { meaning: 'The creation failed and was undone.', data: EndedJob },
  'service.suspended': { meaning: 'The service was suspended, or the reasons changed.', data: Suspension },
  'service.unsuspended': { meaning: 'The last reason for the suspension was lifted.', data: NoData },
  'service.terminated': {
    meaning: 'The service was deleted.',
    data: Type.Object(
      { purge_at: nullable(instant('When its container is removed. Null: at once.'), null) },
      { title: 'TerminationData', description: 'Of `service.terminated`.' },
    ),
  },
  'service.restored': { meaning: 'A deleted service was ordered again before its purge.', data: NoData },
  'service.purged': { meaning: 'The container of a deleted service is gone.', data: NoData },
  'service.plan_changed': {
    meaning: 'The service has another plan.',
    data: Type.Object(
      { from: text('The plan before.', 'basic'), to: text('The plan now.', 'premium') },
      { title: 'PlanData', description: 'Of `service.plan_changed`.' },
    ),
  },
  'service.owner_changed': {
    meaning: 'The service has another owner.',
    data: Type.Object(
      {
        email: text("The owner's e-mail address.", EMAIL),
        user_id: nullable(text("The panel's id of the owner. Null: none was given.", CUSTOMER)),
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
        expires_at: nullable(instant('When it expires. Null: there is none.', '2026-05-30T12:00:00.000Z')),
        names: list('The names that the certificate is valid for.', ['example.com', 'www.example.com']),
        problem: nullable(
          text(
            'Why there is no certificate, or why a name is left out of it.',
            'www.example.com does not exist.',
          ),
        ),
      },
      { title: 'CertificateData', description: 'Of `domain.certificate_changed`.' },
    ),
  },
  'domain.primary_changed': { meaning: "The site's own URL has another name.", data: OneDomain },
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
      { enabled: flag('Whether visitors reach the site.', false) },
      { title: 'ToggleData', description: 'Of `proxy.toggled`.' },
    ),
  },
  'backup.made': { meaning: 'A backup was made.', data: OneBackup },
  'backup.removed': { meaning: 'A backup was deleted.', data: OneBackup },
  'job.queued': { meaning: 'A job was recorded.', data: QueuedJob },
  'job.completed': { meaning: 'A job has done its work.', data: EndedJob },
  'job.failed': { meaning: 'A job failed and has undone what it did.', data: EndedJob },
  'job.stuck': { meaning: 'A job can go neither forward nor back.', data: EndedJob },
  'job.cancelled': { meaning: 'A job was cancelled or overtaken.', data: EndedJob },
};
