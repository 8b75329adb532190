/**
 * Stores the responses to requests with an `Idempotency-Key` for a day, so that a panel can repeat a request safely.
 */
import { createHash } from 'node:crypto';
import { AgentError } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import { Secret } from '../../kernel/secret.js';
import type { Service } from '../../model/service.js';
import type { StatusWord } from '../../model/status.js';
import type { RememberedCall } from '../../state/contract.js';
import type { OperationContext } from '../../services/context.js';
import { idempotencyShares, type Share } from './idempotency-shares.js';

const KEEP_MS = 86_400_000;
const SWEEP_MS = 3_600_000;
/**
 * The maximum size of a stored response. Only queries have longer responses. Their responses are not stored, because a
 * query can be executed again.
 */
const MOST_BODY = 262_144;

export interface KeyedCall {
  readonly panel: string;
  /** The ID of the token. A rotation does not change it. */
  readonly token: string;
  readonly key: string;
  readonly requestId: string;
  readonly serviceId: string | null;
  /** The request, as plain JSON. */
  readonly asked: unknown;
}

export interface FirstCall {
  /**
   * Stores the response. The response is durable when the promise resolves. If the agent refused the request or failed
   * to process it, the request changed nothing. In this case the record is removed, so that the caller can retry the
   * request.
   */
  answered(code: number, body: string): Promise<void>;
  /** No response was sent. */
  abandon(): void;
}

export type Recalled =
  | { readonly kind: 'first'; readonly call: FirstCall }
  | { readonly kind: 'answered'; readonly code: number; readonly body: string }
  /** The request was accepted, but the daemon ended before it recorded the response. */
  | { readonly kind: 'begun'; readonly service: Service; readonly job: Job };

export interface IdempotencyStore {
  /**
   * If an earlier request with this key is in progress, waits until that request has ended. Throws
   * `idempotency_mismatch` or `state_unavailable`.
   */
  recall(call: KeyedCall): Promise<Recalled>;
}

type Context = Pick<OperationContext, 'state' | 'clock' | 'log'>;

/** @param most the maximum number of stored responses per token; if there are more, the oldest ones are removed */
export function makeIdempotencyStore(context: Context, most?: Share): IdempotencyStore {
  const { state, clock, log } = context;
  const shares = idempotencyShares(state.remembered.list(), most);
  const underWay = new Map<string, { readonly fingerprint: string; readonly over: Promise<void> }>();
  let sweptAt = Number.NEGATIVE_INFINITY;
  /**
   * No response expires while the clock is not trusted. If a response expired too early, a repeated request would be
   * executed twice.
   */
  const isOver = ({ expiresAt }: RememberedCall): boolean =>
    clock.trusted() && Date.parse(expiresAt) <= clock.now();

  const forget = async (id: string, when?: (call: RememberedCall) => boolean): Promise<void> => {
    await state.remembered.remove(id, when);
    if (!state.remembered.find(id)) shares.forget(id);
  };

  const sweep = (): void => {
    if (clock.monotonic() - sweptAt < SWEEP_MS) return;
    sweptAt = clock.monotonic();
    Promise.all(
      state.remembered
        .list()
        .filter(isOver)
        .map(({ id }) => forget(id, isOver)),
    ).catch((error: unknown) => log.warn({ err: error }, 'old idempotency records could not be removed'));
  };

  const begin = async (id: string, fingerprint: string, call: KeyedCall): Promise<FirstCall> => {
    let end = (): void => {};
    const own = { fingerprint, over: new Promise<void>((resolve) => (end = resolve)) };
    underWay.set(id, own);
    const abandon = (): void => {
      if (underWay.get(id) === own) underWay.delete(id);
      end();
    };
    const now = clock.now();
    const record: RememberedCall = {
      schema: 1,
      id,
      fingerprint,
      requestId: call.requestId,
      panel: call.panel,
      token: call.token,
      serviceId: call.serviceId,
      answer: null,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + KEEP_MS).toISOString(),
    };
    try {
      await state.remembered.commit(id, () => record);
    } catch (error) {
      abandon();
      throw error;
    }
    return {
      abandon,
      async answered(code, body) {
        try {
          if (!isLasting(code) || body.length > MOST_BODY) {
            await forget(id);
            return;
          }
          await state.remembered.commit(id, () => ({ ...record, answer: { code, body: new Secret(body) } }));
          await Promise.all(shares.keep(call.token, id, body.length).map((oldest) => forget(oldest)));
        } finally {
          abandon();
        }
      },
    };
  };

  return {
    async recall(call) {
      sweep();
      const id = digest([call.panel, call.token, call.key]).slice(0, 40);
      const fingerprint = digest(call.asked);
      for (let first = underWay.get(id); first; first = underWay.get(id)) {
        if (first.fingerprint !== fingerprint) throw mismatch();
        await first.over;
      }
      const known = state.remembered.find(id);
      if (!known || isOver(known)) return { kind: 'first', call: await begin(id, fingerprint, call) };
      if (known.fingerprint !== fingerprint) throw mismatch();
      if (known.answer)
        return { kind: 'answered', code: known.answer.code, body: known.answer.body.reveal() };
      const begun = await findBegun(context, call.panel, known);
      return begun ?? { kind: 'first', call: await begin(id, fingerprint, call) };
    },
  };
}

/** Returns the response to a repeated request if the response to the original request was lost. */
export function begunAnswer(service: Service, job: Job, status: StatusWord) {
  return { success: true, service_id: service.id, status, job_id: job.id } as const;
}

/**
 * Runs at the start, before any job continues. If the response to a request was lost when the daemon ended, a new
 * response with the ID of the job is stored for this request. The job must be found now, while it is still in the
 * document of its service. If the search ran only when the request is repeated, the job might be gone, and the request
 * would be executed a second time.
 */
export async function answerCutOff({ state }: Pick<OperationContext, 'state'>): Promise<void> {
  const cutOff = state.remembered.list().filter(({ answer }) => answer === null);
  if (cutOff.length === 0) return;
  for (const { key, id, panel } of [...state.services.entries()]) {
    // callers choose service IDs and request IDs, so another panel may have used the same IDs
    const records = cutOff.filter((one) => one.serviceId === id && (one.panel ?? panel) === panel);
    const service = records.length > 0 ? await state.services.find(key) : undefined;
    for (const record of records) {
      const job = service?.jobs.find((other) => isBegunBy(record, other));
      if (!service || !job) continue;
      const body = new Secret(JSON.stringify(begunAnswer(service, job, 'processing')));
      await state.remembered.commit(record.id, () => ({ ...record, answer: { code: 202, body } }));
    }
  }
}

function isBegunBy({ requestId, createdAt }: RememberedCall, job: Job): boolean {
  return job.requestId === requestId && job.createdAt >= createdAt;
}

/** Finds the request by its job if the daemon recorded the job, but ended before it recorded the response. */
async function findBegun(
  { state }: Context,
  panel: string,
  record: RememberedCall,
): Promise<Recalled | undefined> {
  if (record.serviceId === null) return undefined;
  const service = await state.services.find(`${panel}/${record.serviceId}`);
  const job = service?.jobs.find((other) => isBegunBy(record, other));
  return service && job ? { kind: 'begun', service, job } : undefined;
}

/**
 * Returns whether the request changed something. A request that was refused is evaluated again when it is repeated.
 */
function isLasting(code: number): boolean {
  return code < 400;
}

const mismatch = (): AgentError =>
  new AgentError('idempotency_mismatch', 'This Idempotency-Key was already used for a different request.');

function digest(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

/** Compares two values. The order of the keys in an object does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => [name, sorted(item)]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
