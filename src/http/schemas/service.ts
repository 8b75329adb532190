/** A service in responses. */
import { Type } from 'typebox';
import { SUSPENSION_REASONS } from '../../model/service.js';
import { POWERS } from '../../model/status.js';
import { SnapshotKind } from './backup.js';
import { ServiceId, StatusText } from './common.js';
import { DriftView, FindingView } from './drift.js';
import { BACKUP, CUSTOMER, EMAIL, FQDN, NODE, PRIVATE_IP, PUBLIC_IP, SUBDOMAIN, VMID } from './examples.js';
import { described, flag, instant, list, nullable, text, whole, word } from './fields.js';
import { ErrorView, JobView, OpenJob } from './job.js';
import { explained, LIFECYCLE_MEANINGS, PROVISION_MEANINGS } from './states.js';

const NO_SITE = 'Null: the product has no website.';
const NO_GUEST = 'Null: the product has no container.';

const Quota = (things: string, used: number, allowed: number) =>
  Type.Object(
    {
      used: whole(`The number of ${things} of the service.`, used),
      allowed: whole(`The number of ${things} that the plan allows.`, allowed),
    },
    { description: `The quota of ${things}.` },
  );

const measured = (description: string, example: number) =>
  nullable(
    Type.Number({ description: `${description} Null: it has not been measured yet.`, examples: [example] }),
  );

export const names = {
  subdomain: nullable(text(`The subdomain of the site. ${NO_SITE}`, SUBDOMAIN)),
  fqdn: nullable(text(`The full host name of the subdomain. ${NO_SITE}`, FQDN)),
  url: nullable(text(`The URL of the site. ${NO_SITE}`, `https://${FQDN}`)),
};

export const PlanName = text('The name of the plan.', 'basic');
export const PrivateIp = nullable(text(`The address of the container. ${NO_GUEST}`, PRIVATE_IP));
export const UserId = nullable(text("The panel's ID of the customer. Null: none was given.", CUSTOMER));

export const CustomerLocale = nullable(
  text("The customer's language (BCP 47). Null: neither the order nor the panel sets one.", 'de'),
);

export const Lifecycle = word(
  ['creating', 'active', 'suspended', 'terminated', 'failed'],
  explained('The stage in the life cycle of the service.', LIFECYCLE_MEANINGS),
  'active',
);
const Power = nullable(
  word(
    POWERS,
    `Whether the container is running. \`unknown\`: it has not been seen yet. ${NO_GUEST}`,
    'running',
  ),
);
const Node = nullable(
  text('The node of the container. Null: none has been chosen yet, or the product has no container.', NODE),
);

export const ProvisionStatus = word(
  ['pending', 'processing', 'completed', 'failed', 'error', 'suspended', 'pause', 'terminated'],
  explained('The same status in the words of the module framework.', PROVISION_MEANINGS),
  'completed',
);

export const Terminated = Type.Literal('terminated', { description: 'Always `terminated`.' });

export const SuspendedFor = Type.Array(Type.Enum([...SUSPENSION_REASONS], { type: 'string' }), {
  description: 'Why the service is suspended. Empty: it is not suspended.',
  examples: [[]],
});

const Resources = Type.Object(
  {
    cpu: text('The share of its cores in use. `unknown`: it has not been measured yet.', '0.5%'),
    memory: text('Memory in use and its limit.', '512MB / 2048MB'),
    disk: text('Disk space in use and its limit.', '3.1GB / 20GB'),
    uptime: text('How long the container has been running.', '5 days'),
  },
  { description: 'The resource usage of the service, as text for a customer.' },
);

const Usage = Type.Object(
  {
    cpu: measured('The share of its cores in use, from 0 to 1.', 0.005),
    memory_bytes: measured('Memory in use.', 536_870_912),
    memory_limit_bytes: measured('The memory limit.', 2_147_483_648),
    disk_bytes: measured('Disk space in use.', 3_328_599_654),
    disk_limit_bytes: measured('The disk space limit.', 21_474_836_480),
    network_in_bytes: measured('Bytes received since the container started.', 73_400_320),
    network_out_bytes: measured('Bytes sent since the container started.', 524_288_000),
    uptime_seconds: measured('How long the container has been running.', 432_017),
  },
  { description: 'The same values as numbers.' },
);

const Proxy = Type.Object(
  {
    enabled: flag('True: visitors can reach the site.', true),
    certificate: nullable(
      Type.Object(
        {
          issuer: nullable(text('The issuer. Null: the certificate does not name one.', "Let's Encrypt")),
          expires_at: instant('When the certificate expires.', '2026-05-30T12:00:00.000Z'),
        },
        { description: 'The certificate that visitors of the primary domain get. Null: there is none.' },
      ),
    ),
  },
  { description: 'The state of the site at the reverse proxy.' },
);

export const StatusView = Type.Object(
  {
    service_id: ServiceId,
    plan: PlanName,
    status: StatusText,
    provision_status: ProvisionStatus,
    lifecycle: Lifecycle,
    power: Power,
    reachable: flag('True: the container host reports this container now.', true),
    suspended_for: SuspendedFor,
    vmid: nullable(whole(`The VMID of the container. ${NO_GUEST}`, VMID)),
    node: Node,
    private_ip: PrivateIp,
    ...names,
    public_ip: nullable(
      text(
        'The public address of the reverse proxy for this site: the first address of the order.',
        PUBLIC_IP,
      ),
    ),
    public_ips: list('All public addresses of the order.', [PUBLIC_IP]),
    resources: Resources,
    usage: Usage,
    domains: list('All host names of the site.', [FQDN]),
    primary_domain: nullable(text(`The name in the site's own URL. ${NO_SITE}`, FQDN)),
    proxy: Proxy,
    quota: Type.Object(
      { domains: Quota('domains', 0, 3), backups: Quota('backups', 1, 2) },
      { description: 'The limits of the plan, and the usage.' },
    ),
    job: nullable(OpenJob, null),
    error: nullable(
      described(ErrorView, 'Why the creation or the last operation failed. Null: nothing failed.'),
      null,
    ),
    purge_at: nullable(
      instant('When a deleted site is removed permanently. Null: it is not being kept.'),
      null,
    ),
    drift: Type.Array(DriftView, {
      description: 'Where the actual state differs from the records.',
      examples: [[]],
    }),
    stale_since: nullable(
      instant(
        'Since when the container host has not responded, so that the values are outdated. Null: it ' +
          'responds.',
      ),
      null,
    ),
  },
  { title: 'Status', description: 'The state of a service, from the data that the agent has.' },
);

export const ServiceView = Type.Object(
  {
    ...StatusView.properties,
    email: text("The customer's e-mail address.", EMAIL),
    user_id: UserId,
    locale: CustomerLocale,
    module: text('The product module of the service.', 'wordpress'),
    generation: whole('How many times a service with this ID was created.', 1),
    snapshots: Type.Array(
      Type.Object(
        {
          name: text('The name of the snapshot.', BACKUP),
          kind: SnapshotKind,
          created_at: instant('When the snapshot was created.'),
        },
        { title: 'Snapshot', description: 'A snapshot of the container.' },
      ),
      { description: 'All snapshots of the container, including those of the agent.' },
    ),
    left_behind: list('What could not be removed when an operator gave the service up.', []),
    drift_details: Type.Array(FindingView, {
      description: 'The differences with details. Only for operators; empty for other callers.',
      examples: [[]],
    }),
    jobs: Type.Array(JobView, { description: 'Its open jobs and the most recently ended ones.' }),
    created_at: instant('When the service was ordered.'),
    updated_at: instant('When its record last changed.', '2026-03-01T12:00:41.000Z'),
    active_at: nullable(
      instant('When the service was first ready. Null: not yet.', '2026-03-01T12:00:41.000Z'),
    ),
  },
  { title: 'Service', description: 'A service with its jobs and snapshots.' },
);

export const EntryView = Type.Object(
  {
    service_id: ServiceId,
    plan: PlanName,
    status: StatusText,
    lifecycle: Lifecycle,
    power: Power,
    ...names,
    vmid: nullable(whole(`The VMID of the container. ${NO_GUEST}`, VMID)),
    node: Node,
    private_ip: PrivateIp,
    drift: list('The parts that differ from the records.', []),
    updated_at: instant('When its record last changed.', '2026-03-01T12:00:41.000Z'),
  },
  { title: 'ServiceEntry', description: 'A service in a list.' },
);
