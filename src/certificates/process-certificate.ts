/**
 * Processes a custom domain that is due and updates its record: issues, renews, installs or removes its certificate,
 * or forgets the record.
 */
import { asAgentError, type AgentError } from '../kernel/errors.js';
import { type CustomDomainRecord, pauseAfter } from '../model/custom-domain.js';
import type { ServiceKey } from '../model/service.js';
import { plainCall } from '../drivers/shared/call.js';
import {
  type CertificateView,
  changeRecord,
  entryOf,
  release,
  changeService,
} from './certificate-records.js';
import { LONGEST_WAIT_MS } from './due.js';
import { type Obtained, obtain } from './obtain.js';
import type { CertificateDeps } from './parts.js';

const HOUR_MS = 3_600_000;

/**
 * The result of processing a record. `unrouted`: the record must be processed again when the service's job has ended.
 */
export type Done = 'done' | 'unrouted';

/** Processes the record once. The record is updated in every case, because otherwise it would be due again at once. */
export async function processCertificate(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  signal: AbortSignal,
): Promise<Done> {
  if (record.service === null) return takeAway(deps, record, signal);
  const service = await deps.services.find(record.service);
  const entry = entryOf(service, record.domain);
  if (!service || !entry) {
    await release(deps, record.id);
    return 'done';
  }
  if (record.off === true) {
    await takeAway(deps, record, signal);
    const view = {
      state: 'none',
      expiresAt: null,
      problem: entry.stray?.problem ?? null,
    } as const;
    await changeService(deps, record.service, record.domain, view);
    return 'done';
  }
  try {
    if (record.certificate === null && record.failures === 0)
      await showInService(deps, record, record.service, record.problem);
    return await keep(
      deps,
      record,
      record.service,
      await obtain(deps, record, service, entry, signal),
      signal,
    );
  } catch (thrown) {
    if (signal.aborted) return 'done';
    await afterFailure(deps, record, record.service, asAgentError(thrown));
    return 'done';
  }
}

async function keep(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  key: ServiceKey,
  obtained: Obtained,
  signal: AbortSignal,
): Promise<Done> {
  const now = deps.clock.now();
  if (obtained.kind === 'unrouted') return 'unrouted';
  if (obtained.kind === 'wait') {
    const failures = record.failures + 1;
    const at = Math.min(
      now + LONGEST_WAIT_MS,
      obtained.until ?? now + Math.min(HOUR_MS, pauseAfter(failures)),
    );
    const next = await changeRecord(deps, record, {
      failures,
      nextAt: new Date(at).toISOString(),
      problem: obtained.problem,
    });
    await showInService(deps, next, key, obtained.problem);
    return 'done';
  }
  const { missing } = obtained;
  const nextAt = missing
    ? new Date(now + (missing.isRefused ? LONGEST_WAIT_MS : HOUR_MS)).toISOString()
    : null;
  const refusals = missing?.isRefused ? [new Date(now).toISOString()] : [];
  const problem = missing?.problem ?? null;
  if (obtained.kind === 'kept') {
    // the certificate is installed again, because the last run may have been interrupted before it was installed (by a
    // failure of the proxy or a stop of the agent)
    await show(deps, record, signal);
    await showInService(deps, record, key, problem);
    await changeRecord(deps, record, {
      ...{ failures: 0, nextAt, problem },
      refusals: [...record.refusals, ...refusals],
    });
    return 'done';
  }
  const { certificate } = obtained;
  const at = new Date(now).toISOString();
  // The certificate is recorded first, so that it is not lost if the proxy fails. The record stays due until the
  // certificate is installed in the proxy and its state is written to the service.
  const next = await changeRecord(deps, record, {
    certificate,
    issued: [...record.issued, { at, names: certificate.names }],
    refusals,
    failures: 0,
    nextAt: at,
    problem,
  });
  await show(deps, next, signal);
  await showInService(deps, next, key, problem);
  await changeRecord(deps, next, { nextAt });
  deps.log.info({ domain: record.domain, expires_at: certificate.expiresAt }, 'certificate issued');
  return 'done';
}

/** Installs the record's certificate in the proxy. */
export async function show(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  signal: AbortSignal,
): Promise<void> {
  const { id, certificate } = record;
  if (!certificate) return;
  const { names, chain, key } = certificate;
  await deps.drivers.proxy.ensureCertificate({ id, names, chain, key }, plainCall(signal));
}

async function afterFailure(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  key: ServiceKey,
  error: AgentError,
): Promise<void> {
  const now = deps.clock.now();
  const failures = record.failures + 1;
  const refused = error.code === 'certificate_refused';
  // If a system is down, the next try comes soon. After a refusal the pause is longer, because an operator or customer
  // must change something first.
  const pause = refused ? pauseAfter(failures) : Math.min(HOUR_MS / 6, pauseAfter(failures));
  const problem = refused ? error.message : `${error.message} The agent will try again automatically.`;
  deps.log.warn(
    { domain: record.domain, failures, detail: error.detail, err: error },
    'a certificate could not be obtained; the agent will try again',
  );
  const next = await changeRecord(deps, record, {
    failures,
    nextAt: new Date(now + pause).toISOString(),
    problem,
    ...(refused ? { refusals: [...record.refusals, new Date(now).toISOString()] } : {}),
  });
  await showInService(deps, next, key, problem, refused);
}

function showInService(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  key: ServiceKey,
  problem: string | null,
  refused = false,
): Promise<void> {
  const { certificate } = record;
  const valid = certificate && Date.parse(certificate.expiresAt) > deps.clock.now();
  const state = valid ? 'issued' : refused ? 'failed' : 'pending';
  const view: CertificateView = {
    ...{ state, expiresAt: certificate?.expiresAt ?? null, problem },
    ...(valid ? { names: certificate.names } : {}),
  };
  return changeService(deps, key, record.domain, view);
}

async function takeAway(
  deps: CertificateDeps,
  record: CustomDomainRecord,
  signal: AbortSignal,
): Promise<Done> {
  if (record.certificate === null) {
    await deps.domains.remove(record.id, (current) => current.service === null);
    return 'done';
  }
  try {
    await deps.drivers.proxy.removeCertificate(record.id, plainCall(signal));
    await changeRecord(deps, record, { certificate: null, failures: 0, nextAt: null });
  } catch (thrown) {
    if (signal.aborted) return 'done';
    const failures = record.failures + 1;
    deps.log.warn(
      { domain: record.domain, err: thrown },
      'a certificate could not be removed from the proxy; the agent will try again',
    );
    const nextAt = new Date(deps.clock.now() + Math.min(HOUR_MS / 6, pauseAfter(failures))).toISOString();
    await changeRecord(deps, record, { failures, nextAt });
  }
  return 'done';
}
