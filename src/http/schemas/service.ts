/** A service in responses. */
import { Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import { SUSPENSION_REASONS } from '../../model/service.js';
import { POWERS } from '../../model/status.js';
import { SnapshotKind } from './backup.js';
import { ServiceId, StatusText } from './common.js';
import { DriftView, FindingView } from './drift.js';
import { BACKUP, CUSTOMER, EMAIL, FQDN, NODE, PRIVATE_IP, PUBLIC_IP, SUBDOMAIN, VMID } from './examples.js';
import { described, flag, instant, list, nullable, text, whole, word } from './fields.js';
import { ErrorView, JobView, OpenJob } from './job.js';
import { explained, LIFECYCLE_MEANINGS, PROVISION_MEANINGS } from './states.js';

const NO_SITE = 'The value is null if the product has no website.';
const NO_GUEST = 'The value is null if the product has no container.';

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
    Type.Number({
      description: `${description} The value is null until it has been measured.`,
      examples: [example],
    }),
  );

export const names = {
  subdomain: nullable(text(`The subdomain of the site. ${NO_SITE}`, SUBDOMAIN)),
  fqdn: nullable(text(`The full host name of the subdomain. ${NO_SITE}`, FQDN)),
  url: nullable(text(`The URL of the site. ${NO_SITE}`, `https://${FQDN}`)),
};

export const PlanName = text('The name of the plan.', 'basic');
export const PrivateIp = nullable(text(`The address of the container. ${NO_GUEST}`, PRIVATE_IP));
export const UserId = nullable(
  text('The ID of the customer in the panel. The value is null if the panel did not send one.', CUSTOMER),
);

export const CustomerLocale = nullable(
  text(
    "The customer's language (BCP 47). The value is null if neither the order nor the panel sets a " +
      'language.',
    'de',
  ),
);

export const Lifecycle = word(
  ['creating', 'active', 'suspended', 'terminated', 'failed'],
  explained('The stage in the life cycle of the service.', LIFECYCLE_MEANINGS),
  'active',
);
const Power = nullable(
  word(
    POWERS,
    'Whether the container is running. The value is `unknown` until the agent has seen the container. ' +
      NO_GUEST,
    'running',
  ),
);
const Node = nullable(
  text(
    'The node of the container. The value is null if no node has been chosen yet, or if the product ' +
      'has no container.',
    NODE,
  ),
);

export const ProvisionStatus = word(
  ['pending', 'processing', 'completed', 'failed', 'error', 'suspended', 'pause', 'terminated'],
  explained('The status of the service in the words of the module framework.', PROVISION_MEANINGS),
  'completed',
);

export const Terminated = Type.Literal('terminated', { description: 'Always `terminated`.' });

export const SuspendedFor = Type.Array(Type.Enum([...SUSPENSION_REASONS], { type: 'string' }), {
  description: 'The reasons why the service is suspended. The list is empty if the service is not suspended.',
  examples: [[]],
});

const Resources = Type.Object(
  {
    cpu: text(
      "The share of the container's CPU cores that is in use. The value is `unknown` until it has been " +
        'measured.',
      '0.5%',
    ),
    memory: text('The memory in use, and the memory limit.', '512MB / 2048MB'),
    disk: text('The disk space in use, and the disk space limit.', '3.1GB / 20GB'),
    uptime: text('The time since the container was started.', '5 days'),
  },
  { description: 'The resource usage of the service, as text for a customer.' },
);

const Usage = Type.Object(
  {
    cpu: measured("The share of the container's CPU cores that is in use, from 0 to 1.", 0.005),
    memory_bytes: measured('Memory in use.', 536_870_912),
    memory_limit_bytes: measured('The memory limit.', 2_147_483_648),
    disk_bytes: measured('Disk space in use.', 3_328_599_654),
    disk_limit_bytes: measured('The disk space limit.', 21_474_836_480),
    network_in_bytes: measured('Bytes received since the container started.', 73_400_320),
    network_out_bytes: measured('Bytes sent since the container started.', 524_288_000),
    uptime_seconds: measured('The time since the container was started.', 432_017),
    other: Type.Optional(
      Type.Unsafe<Record<string, number>>({
        type: 'object',
        additionalProperties: { type: 'number' },
        description:
          'Further numbers by name, for products with an account on a server. The field is absent if there ' +
          'are none.',
        examples: [{}],
      }),
    ),
  },
  { description: 'The resource usage of the service as numbers.' },
);

const Proxy = Type.Object(
  {
    enabled: flag('True if visitors can reach the site.', true),
    certificate: nullable(
      Type.Object(
        {
          issuer: nullable(
            text(
              'The name of the issuer. The value is null if the certificate does not contain it.',
              "Let's Encrypt",
            ),
          ),
          expires_at: instant('The time at which the certificate expires.', '2026-05-30T12:00:00.000Z'),
        },
        {
          description:
            'The certificate of the primary domain. The value is null if the primary domain has no ' +
            'certificate.',
        },
      ),
    ),
  },
  { description: 'The state of the site on the reverse proxy.' },
);

export const StatusView = Type.Object(
  {
    service_id: ServiceId,
    plan: PlanName,
    status: StatusText,
    provision_status: ProvisionStatus,
    lifecycle: Lifecycle,
    power: Power,
    reachable: flag(
      'True if the latest response from the container host lists this container, or if the account on a ' +
        'server can be used.',
      true,
    ),
    suspended_for: SuspendedFor,
    vmid: nullable(whole(`The VMID of the container. ${NO_GUEST}`, VMID)),
    node: Node,
    private_ip: PrivateIp,
    ...names,
    public_ip: nullable(
      text(
        'The first of the public addresses that the order contained. The reverse proxy serves the ' +
          'site at this address.',
        PUBLIC_IP,
      ),
    ),
    public_ips: list('All public addresses that the order contained.', [PUBLIC_IP]),
    resources: Resources,
    usage: Usage,
    domains: list('All host names of the site.', [FQDN]),
    primary_domain: nullable(text(`The host name in the URL of the site. ${NO_SITE}`, FQDN)),
    proxy: Proxy,
    quota: Type.Object(
      { domains: Quota('domains', 0, 3), backups: Quota('backups', 1, 2) },
      { description: 'How much of the quotas of the plan the service uses.' },
    ),
    job: nullable(OpenJob, null),
    error: nullable(
      described(
        ErrorView,
        'The error that made the creation or the last operation fail. The value is null if neither ' +
          'failed.',
      ),
      null,
    ),
    purge_at: nullable(
      instant(
        'The time at which the deleted site will be removed permanently. The value is null if the site ' +
          'was not deleted, or is no longer kept.',
      ),
      null,
    ),
    drift: Type.Array(DriftView, {
      description: 'The parts of the service whose actual state differs from the records.',
      examples: [[]],
    }),
    stale_since: nullable(
      instant(
        'The time at which the container host stopped responding. The actual state may have changed ' +
          'since then. The value is null if the container host responds.',
      ),
      null,
    ),
  },
  {
    title: 'Status',
    description: 'The state of a service according to the data that the agent already has.',
  },
);

export const DataView = Type.Unsafe<JsonObject>({
  type: 'object',
  additionalProperties: true,
  description:
    'The data of the service that the product declares (`service_data_schema` of its module). The value of ' +
    'each secret is `********`.',
  examples: [{}],
});

const ActionView = Type.Object(
  {
    name: text('The name of the action.', 'rotate-key'),
    title: text('The title of the action, for customers.', 'Rotate the key'),
    description: text('A description of the action. The text may be empty.', ''),
    input: Type.Unsafe<JsonObject | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description: 'The JSON Schema of the input. The value is null if the action has no input.',
      examples: [null],
    }),
  },
  { title: 'ServiceAction', description: 'An action that the product of a service offers.' },
);

export const ServiceView = Type.Object(
  {
    ...StatusView.properties,
    email: text("The customer's e-mail address.", EMAIL),
    user_id: UserId,
    locale: CustomerLocale,
    module: text('The product module of the service.', 'wordpress'),
    data: DataView,
    actions: Type.Array(ActionView, {
      description: "The product's own actions (`POST /services/{id}/actions/{name}`).",
      examples: [[]],
    }),
    generation: whole('The number of times that a service with this ID has been created.', 1),
    snapshots: Type.Array(
      Type.Object(
        {
          name: text('The name of the snapshot.', BACKUP),
          kind: SnapshotKind,
          created_at: instant('The time at which the snapshot was created.'),
        },
        { title: 'Snapshot', description: 'A snapshot of the container.' },
      ),
      { description: 'All snapshots of the container, including those that the agent created.' },
    ),
    left_behind: list('The objects that could not be removed when an operator gave up the service.', []),
    drift_details: Type.Array(FindingView, {
      description:
        'The differences between the records and the actual state, with details. Callers who are not ' +
        'operators get an empty list.',
      examples: [[]],
    }),
    jobs: Type.Array(JobView, {
      description: 'The open jobs of the service, and the jobs that ended most recently.',
    }),
    created_at: instant('The time at which the service was ordered.'),
    updated_at: instant(
      'The time at which the record of the service last changed.',
      '2026-03-01T12:00:41.000Z',
    ),
    active_at: nullable(
      instant(
        'The time at which the service first became ready. The value is null if the service has not ' +
          'been ready yet.',
        '2026-03-01T12:00:41.000Z',
      ),
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
    drift: list('The parts of the service whose actual state differs from the records.', []),
    updated_at: instant(
      'The time at which the record of the service last changed.',
      '2026-03-01T12:00:41.000Z',
    ),
  },
  { title: 'ServiceEntry', description: 'A service in a list.' },
);
