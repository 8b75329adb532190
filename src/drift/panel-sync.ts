/** Compares a panel's records of its services with the actual state. Changes nothing. */
import type { Rest } from '../kernel/async/slices.js';
import { keyOf, type Service } from '../model/service.js';
import { parseEmail } from '../model/email.js';
import type { Json } from '../kernel/json.js';
import type { StatusWord } from '../model/status.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { wordOfEntry } from '../services/read-power.js';

/** The status words that panels use, with their meaning for the agent. */
export const PANEL_STATUSES = {
  pending: 'ordered',
  processing: 'ordered',
  active: 'alive',
  running: 'alive',
  stopped: 'alive',
  completed: 'alive',
  suspended: 'suspended',
  terminated: 'gone',
  cancelled: 'gone',
  canceled: 'gone',
  deleted: 'gone',
  fraud: 'gone',
} as const;
export type PanelStatus = keyof typeof PANEL_STATUSES;

export interface PanelRecord {
  readonly serviceId: string;
  readonly status?: PanelStatus | undefined;
  readonly plan?: string | undefined;
  readonly email?: string | undefined;
}

/** The request that would resolve the difference, or null when an operator must check it. */
export interface SyncFix {
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly body: { readonly [name: string]: Json };
}

export const DIFFERENCE_FIELDS = ['existence', 'status', 'plan', 'email'] as const;

export interface Difference {
  readonly service_id: string;
  readonly field: (typeof DIFFERENCE_FIELDS)[number];
  readonly believed: string | null;
  readonly actual: string | null;
  readonly mend: SyncFix | null;
  readonly note: string | null;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Services that the agent has but that were not in the panel's list. */
  readonly unlisted: readonly {
    readonly service_id: string;
    readonly status: StatusWord;
    readonly mend: SyncFix;
  }[];
}

const MOST_UNLISTED = 10_000;

export async function compareWithPanel(
  context: Pick<OperationContext, 'state' | 'plans' | 'watch'>,
  { panel }: Pick<Caller, 'panel'>,
  beliefs: readonly PanelRecord[],
  rest: Rest,
): Promise<Comparison> {
  const differences: Difference[] = [];
  for (const belief of beliefs) {
    const pause = rest();
    if (pause) await pause;
    const service = await context.state.services
      .find(keyOf({ panel, id: belief.serviceId }))
      .catch(() => 'damaged' as const);
    differences.push(...compare(context, belief, service));
  }
  const named = new Set(beliefs.map(({ serviceId }) => serviceId));
  const unlisted: Comparison['unlisted'][number][] = [];
  for (const entry of context.state.services.entries()) {
    const pause = rest();
    if (pause) await pause;
    const here = entry.panel === panel && entry.lifecycle !== 'terminated' && entry.lifecycle !== 'failed';
    if (!here || named.has(entry.id) || unlisted.length >= MOST_UNLISTED) continue;
    const mend = post('/delete-site', { service_id: entry.id });
    unlisted.push({ service_id: entry.id, status: wordOfEntry(context.watch, entry), mend });
  }
  return { differences, unlisted };
}

function compare(
  context: Pick<OperationContext, 'plans'>,
  belief: PanelRecord,
  service: Service | undefined | 'damaged',
): Difference[] {
  const differ = differenceOf(belief.serviceId);
  if (service === 'damaged')
    return [
      differ(
        'existence',
        belief.status ?? null,
        null,
        null,
        'The record is damaged; the operator must check it.',
      ),
    ];
  const wanted = belief.status === undefined ? undefined : PANEL_STATUSES[belief.status];
  const absent = !service || service.lifecycle === 'terminated' || service.lifecycle === 'failed';
  if (
    service?.lifecycle === 'failed' &&
    service.guest !== null &&
    service.guest.vmid !== null &&
    wanted !== 'ordered'
  ) {
    const mend = post('/delete-site', { service_id: service.id });
    return [differ('existence', belief.status ?? null, 'failed', mend, LEFT_NOTE)];
  }
  if (absent) {
    if (wanted === undefined ? service !== undefined : wanted === 'gone' || wanted === 'ordered') return [];
    const actual = service?.lifecycle ?? null;
    return [differ('existence', belief.status ?? null, actual, orderOf(belief), ORDER_NOTE)];
  }
  if (wanted === 'gone') {
    const mend = post('/delete-site', { service_id: service.id });
    return [differ('existence', belief.status ?? null, service.lifecycle, mend)];
  }
  return [
    ...statusDifference(differ, belief, service),
    ...planDifference(context, differ, belief, service),
    ...emailDifference(differ, belief, service),
  ];
}

type Differ = (
  field: Difference['field'],
  believed: string | null,
  actual: string | null,
  mend: SyncFix | null,
  note?: string,
) => Difference;

const differenceOf =
  (id: string): Differ =>
  (field, believed, actual, mend, note) => ({
    service_id: id,
    field,
    believed,
    actual,
    mend,
    note: note ?? null,
  });

const post = (path: string, body: SyncFix['body']): SyncFix => ({ method: 'POST', path, body });

const LEFT_NOTE =
  'The site could not be created, and parts of it still exist: delete the site before you order it again.';
const STUCK_NOTE = 'An operation on the service is stuck; the operator must finish it.';
const ORDER_NOTE =
  'An order also needs public_ip, and the e-mail address and plan if they are not in this body.';

function orderOf({ serviceId, plan, email }: PanelRecord): SyncFix {
  return post('/create-site', {
    service_id: serviceId,
    ...(email === undefined ? {} : { email }),
    ...(plan === undefined ? {} : { plan }),
  });
}

function statusDifference(differ: Differ, belief: PanelRecord, service: Service): Difference[] {
  const wanted = belief.status === undefined ? undefined : PANEL_STATUSES[belief.status];
  const suspended = service.lifecycle === 'suspended';
  if (wanted === 'ordered' && service.lifecycle !== 'creating')
    return [differ('status', belief.status ?? null, service.lifecycle, null, 'The site has been created.')];
  if (wanted === 'alive' && !suspended && service.jobs.some(({ status }) => status === 'stuck'))
    return [differ('status', belief.status ?? null, 'failed', null, STUCK_NOTE)];
  if (wanted === 'suspended' && !suspended)
    return [differ('status', 'suspended', service.lifecycle, post('/suspend', { service_id: service.id }))];
  if (wanted !== 'alive' || !suspended) return [];
  const others = service.suspendedFor.filter((reason) => reason !== 'billing');
  const mend = service.suspendedFor.includes('billing')
    ? post('/unsuspend', { service_id: service.id })
    : null;
  const note = others.length > 0 ? `The service stays suspended for: ${others.join(', ')}.` : undefined;
  return [differ('status', belief.status ?? null, 'suspended', mend, note)];
}

function planDifference(
  { plans }: Pick<OperationContext, 'plans'>,
  differ: Differ,
  { plan: word }: PanelRecord,
  service: Service,
): Difference[] {
  if (word === undefined) return [];
  const plan = plans.find(word);
  const believed = plan?.name ?? word;
  if (believed === service.plan.name) return [];
  if (!plan) return [differ('plan', word, service.plan.name, null, 'There is no plan with this name.')];
  const mend = post('/wp/upgrade/', { service_id: service.id, plan: word });
  return [differ('plan', word, service.plan.name, mend)];
}

function emailDifference(differ: Differ, { email }: PanelRecord, service: Service): Difference[] {
  if (email === undefined || parseEmail(email.trim())?.address === service.email) return [];
  const mend: SyncFix = { method: 'PATCH', path: `/services/${service.id}`, body: { email } };
  return [differ('email', email, service.email, mend)];
}
