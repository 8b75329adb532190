/**
 * Manages the certificates of custom domains. The manager watches the services' documents, keeps a separate durable
 * record for each domain, and processes one record at a time. This happens outside of the services' jobs, so that no
 * job waits for a certificate authority.
 */
import type { CustomDomainRecord } from '../model/custom-domain.js';
import { domainId } from '../model/custom-domain.js';
import type { Service } from '../model/service.js';
import { domainsOf } from '../model/site.js';
import { within } from '../kernel/async/within.js';
import { Alarm } from '../kernel/async/alarm.js';
import { plainCall } from '../drivers/shared/call.js';
import { adopt, askAgain, release, slotsOf } from './certificate-records.js';
import { dueAt } from './due.js';
import type { CertificateDeps } from './parts.js';
import { show, processCertificate } from './process-certificate.js';

export interface CertificateManager {
  /** Starts to watch the services and to process records. Changes since the last stop are handled first. */
  start(): void;
  /** Begins no new work. Resolves when the running work has ended, but at the latest after a short time. */
  stop(): Promise<void>;
  /** Resolves when the running work has ended. Call it after `stop`, when the drivers' calls have ended. */
  ended(): Promise<void>;
}

const STOP_MS = 5_000;
const LONGEST_SLEEP_MS = 3_600_000;
/**
 * Pause before a domain that the proxy does not serve yet is checked again. Also the pause after an unexpected error.
 */
const PARK_MS = 15_000;

export function certificateManager(deps: CertificateDeps): CertificateManager {
  const { services, domains, clock, log } = deps;
  const stopping = new AbortController();
  const changes: { readonly next: Service; readonly previous: Service | undefined }[] = [];
  /** Maps a record to the time until which it is skipped (ms of the monotonic clock). Not stored on disk. */
  const parked = new Map<string, number>();
  const alarm = new Alarm();
  let unlisten = (): void => {};
  let work: Promise<void> | undefined;
  let reconciled = false;

  const stopped = (): boolean => stopping.signal.aborted;

  const follow = async ({ next, previous }: (typeof changes)[number]): Promise<void> => {
    const slots = slotsOf(next);
    for (const slot of slots) {
      parked.delete(domainId(slot));
      await adopt(deps, next, slot);
      if (slotsOf(previous).includes(slot)) await askAgain(deps, next, slot);
    }
    for (const slot of slotsOf(previous))
      if (!slots.includes(slot) && services.holderOf({ domain: slot }) === undefined)
        await release(deps, domainId(slot));
  };

  /**
   * Makes the records match the services, and makes the proxy match the records. They may differ after a crash or after
   * the loss of a folder.
   */
  const reconcile = async (): Promise<void> => {
    const held = new Set<string>();
    for (const entry of services.entries()) {
      if (entry.domains.length === 0) continue;
      const service = await services.get(entry.key);
      for (const slot of slotsOf(service)) {
        held.add(domainId(slot));
        await adopt(deps, service, slot);
      }
    }
    for (const record of domains.list())
      if (record.service !== null && !held.has(record.id)) await release(deps, record.id);
    const call = plainCall(stopping.signal);
    const shown = await deps.drivers.proxy.listCertificates(call);
    for (const id of shown)
      if (!domains.find(id)?.certificate) await deps.drivers.proxy.removeCertificate(id, call);
    for (const record of domains.list())
      if (record.service !== null && record.certificate && !shown.includes(record.id))
        await show(deps, record, stopping.signal);
  };

  const nextDue = (): { record: CustomDomainRecord; at: number } | undefined => {
    let found: { record: CustomDomainRecord; at: number } | undefined;
    const now = clock.now();
    const epochOf = (monotonic: number): number => now + monotonic - clock.monotonic();
    const issuing = deps.drivers.issuer.kind !== 'none';
    for (const record of domains.list()) {
      const due = dueAt(record, issuing, clock);
      if (due === undefined) continue;
      const at = Math.max(due, epochOf(parked.get(record.id) ?? Number.NEGATIVE_INFINITY));
      if (!found || at < found.at) found = { record, at };
    }
    return found;
  };

  /** Processes the next record that is due. Returns the number of milliseconds until the next record is due. */
  const turn = async (): Promise<number> => {
    if (!reconciled) {
      await reconcile();
      reconciled = true;
    }
    const change = changes[0];
    if (change) {
      await follow(change);
      changes.shift();
      return 0;
    }
    const next = nextDue();
    const wait = next ? next.at - clock.now() : LONGEST_SLEEP_MS;
    if (!next || wait > 0) return Math.min(LONGEST_SLEEP_MS, wait);
    parked.set(next.record.id, clock.monotonic() + PARK_MS);
    if ((await processCertificate(deps, next.record, stopping.signal)) === 'done')
      parked.delete(next.record.id);
    return 0;
  };

  const run = async (): Promise<void> => {
    while (!stopped()) {
      let pause = PARK_MS;
      try {
        pause = await turn();
      } catch (error) {
        if (!stopped()) log.error({ err: error }, 'processing the certificates failed');
      }
      if (pause > 0) await alarm.sleep(clock, pause, stopping.signal, true);
    }
  };

  return {
    start() {
      unlisten = services.onChange((next, previous) => {
        const touched = [next, previous].some((one) => one && domainsOf(one).length > 0);
        if (!touched) return;
        changes.push({ next, previous });
        alarm.ring();
      });
      work = run();
    },
    async stop() {
      unlisten();
      stopping.abort(new Error('the agent is stopping'));
      if (work) await within(work, STOP_MS);
    },
    async ended() {
      await work;
    },
  };
}
