/** A service in answers. */
import { Type } from 'typebox';
import { Instant, nullable, StatusText } from './common.js';
import { DriftView, FindingView } from './drift.js';
import { ErrorView, JobStatusText, JobView, WaitingView } from './job.js';
import { POWERS } from '../../model/status.js';

const Lifecycle = Type.Enum(['creating', 'active', 'suspended', 'terminated', 'failed']);
const Power = nullable(Type.Enum([...POWERS], { description: 'Null for a product without a container.' }));
const ofSite = { description: 'Null for a product without a website.' };
const Quota = Type.Object({ used: Type.Integer(), allowed: Type.Integer() });
const Count = nullable(Type.Number());

export const statusProperties = {
  service_id: Type.String(),
  plan: Type.String(),
  status: StatusText,
  provision_status: Type.Enum([
    'pending',
    'processing',
    'completed',
    'failed',
    'error',
    'suspended',
    'pause',
    'terminated',
  ]),
  lifecycle: Lifecycle,
  power: Power,
  reachable: Type.Boolean({ description: 'The container host answers about it now.' }),
  suspended_for: Type.Array(Type.String()),
  vmid: nullable(Type.Integer()),
  node: nullable(Type.String()),
  private_ip: nullable(Type.String()),
  subdomain: nullable(Type.String(ofSite)),
  fqdn: nullable(Type.String(ofSite)),
  url: nullable(Type.String(ofSite)),
  public_ip: nullable(Type.String()),
  public_ips: Type.Array(Type.String()),
  resources: Type.Object({
    cpu: Type.String({ description: '`0.5%`; `unknown` while it was never measured' }),
    memory: Type.String({ description: '`512MB / 2048MB`' }),
    disk: Type.String({ description: '`3.1GB / 20GB`' }),
    uptime: Type.String({ description: '`5 days`' }),
  }),
  usage: Type.Object({
    cpu: Count,
    memory_bytes: Count,
    memory_limit_bytes: Count,
    disk_bytes: Count,
    disk_limit_bytes: Count,
    network_in_bytes: Count,
    network_out_bytes: Count,
    uptime_seconds: Count,
  }),
  domains: Type.Array(Type.String()),
  primary_domain: nullable(Type.String(ofSite)),
  proxy: Type.Object({
    enabled: Type.Boolean(),
    certificate: nullable(Type.Object({ issuer: nullable(Type.String()), expires_at: Instant })),
  }),
  quota: Type.Object({ domains: Quota, backups: Quota }),
  job: nullable(
    Type.Object({
      id: Type.String({ format: 'uuid' }),
      method: Type.String(),
      status: JobStatusText,
      step: nullable(Type.String()),
      steps_done: Type.Integer(),
      steps_total: Type.Integer(),
      waiting: nullable(WaitingView),
      remains: Type.Array(Type.String(), { description: 'Of a stuck job, in words for customers.' }),
    }),
  ),
  error: nullable(ErrorView),
  purge_at: nullable(Instant),
  drift: Type.Array(DriftView),
  stale_since: nullable(Instant),
};

export const detailProperties = {
  ...statusProperties,
  email: Type.String(),
  user_id: nullable(Type.String()),
  module: Type.String(),
  generation: Type.Integer({ description: 'Counts the lives of this id.' }),
  snapshots: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Enum(['initial', 'backup', 'safety']),
      created_at: Instant,
    }),
  ),
  left_behind: Type.Array(Type.String(), {
    description: 'What an operator let go of although it could not be removed.',
  }),
  drift_details: Type.Array(FindingView, { description: 'Only for operators.' }),
  jobs: Type.Array(JobView),
  created_at: Instant,
  updated_at: Instant,
  active_at: nullable(Instant),
};

export const EntryView = Type.Object({
  service_id: Type.String(),
  plan: Type.String(),
  status: StatusText,
  lifecycle: Lifecycle,
  power: Power,
  subdomain: nullable(Type.String(ofSite)),
  fqdn: nullable(Type.String(ofSite)),
  url: nullable(Type.String(ofSite)),
  vmid: nullable(Type.Integer()),
  node: nullable(Type.String()),
  private_ip: nullable(Type.String()),
  drift: Type.Array(Type.String(), { description: 'Parts that differ from the records.' }),
  updated_at: Instant,
});
