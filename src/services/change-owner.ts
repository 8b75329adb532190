/**
 * Changes the owner of a service. The record changes at once, and a job changes the site's administrator. If the job
 * fails, the record is restored (outcomes.ts).
 */
import { instant } from '../kernel/clock.js';
import { parseEmail } from '../model/email.js';
import { isOpen } from '../model/job.js';
import { canonicalLocale } from '../model/locale.js';
import type { Service } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import { checkEmail, LOCALE_RULE } from './check-order.js';
import { invalid } from '../kernel/invalid.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

export interface OwnerChange {
  readonly email?: string | undefined;
  readonly userId?: string | null | undefined;
  /** Null selects the panel's language. */
  readonly locale?: string | null | undefined;
}

/** Starts no job if the change does not affect the site. Throws `invalid_request`, and what `enqueue` throws. */
export async function changeOwner(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  { locale: sentLocale, ...owner }: OwnerChange,
): Promise<Started | { readonly service: Service; readonly job: undefined }> {
  const locale = typeof sentLocale === 'string' ? canonicalLocale(sentLocale.trim()) : sentLocale;
  if (typeof sentLocale === 'string' && locale === undefined) throw invalid({ locale: LOCALE_RULE });
  const changed = await changeContact(context, caller, id, owner);
  if (locale === undefined) return changed;
  const key = `${caller.panel}/${id}` as const;
  const service = await context.state.services.commit(key, (current) => {
    const { locale: before, ...rest } = current ?? changed.service;
    if (current && (before ?? null) === locale) return current;
    return { ...rest, ...(locale === null ? {} : { locale }), updatedAt: instant(context.clock) };
  });
  return { ...changed, service };
}

async function changeContact(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  { email: sent, userId }: Omit<OwnerChange, 'locale'>,
): Promise<Started | { readonly service: Service; readonly job: undefined }> {
  const parsed = sent === undefined ? undefined : parseEmail(sent.trim());
  if (sent !== undefined && parsed === undefined)
    throw invalid({ email: 'must be an e-mail address such as name@example.com' });
  const email = parsed?.address;
  const requested = {
    ...(email === undefined ? {} : { email }),
    ...(userId === undefined ? {} : { userId }),
  };
  const change = (service: Service): Service => ({ ...service, ...requested });
  const key = `${caller.panel}/${id}` as const;
  const before = await context.state.services.get(key);
  const underWay = before.jobs.some(
    (job) => job.method === 'setEmail' && isOpen(job) && job.args['email'] === email,
  );
  if (parsed && email !== undefined && (email !== before.email || underWay)) {
    if (!underWay) checkEmail(context.products.get(before.module.name), parsed);
    return enqueueChange(context, caller, id, { ...requested, email });
  }
  const service = await context.state.services.commit(key, (current) => {
    const next = change(current ?? before);
    const same = next.email === current?.email && next.userId === current.userId;
    return current && same ? current : { ...next, updatedAt: instant(context.clock) };
  });
  return { service, job: undefined };
}

async function enqueueChange(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  wanted: { readonly email: string; readonly userId?: string | null },
): Promise<Started> {
  const { email, userId } = wanted;
  return enqueue(context, caller, id, {
    method: 'setEmail',
    sameArgs: (args) => args['email'] === email && (userId === undefined || args['user_id'] === userId),
    change: (service) => ({
      service: { ...service, ...wanted },
      args: {
        email,
        email_before: service.email,
        ...(userId === undefined ? {} : { user_id: userId, user_id_before: service.userId }),
      },
    }),
  });
}
