/** The flows of the runs that test a server, and that inspect the accounts on a server. They change nothing. */
import { orAbort } from '../../kernel/async/race.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import { AgentError, asAgentError, toRecord } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { SERVER_RUNS } from '../../model/server-run.js';
import type { ServiceView, StepContext } from '../../modules/kit/context.js';
import type { JobFlow, Module } from '../../modules/kit/module.js';

/** Accounts that are inspected at the same time. */
const AT_ONCE = 4;
/** If so many inspections in a row get no response, the server is down, and the rest is not tried. */
const MOST_UNANSWERED = 3;
const MOST_BYTES = 16_384;

/** Undefined if the method is no such run. */
export function serverFlow(module: Module, method: string, args: JsonObject): JobFlow | undefined {
  if (method === SERVER_RUNS.test)
    return { test: { run: async (context) => call(module, 'testConnection', context) } };
  if (method === SERVER_RUNS.inspect) return inspection(module, args);
  return undefined;
}

/**
 * One step for each account, so that the main thread knows to which service a call belongs. The steps form a few rows,
 * in which each step begins after the one before.
 */
function inspection(module: Module, { services, within_s: withinS }: JsonObject): JobFlow {
  const views = services as unknown as readonly ServiceView[];
  const row = { unanswered: 0 };
  return Object.fromEntries(
    views.map((service, at) => [
      String(at),
      {
        ...(at < AT_ONCE ? {} : { after: [String(at - AT_ONCE)] }),
        run: (context: StepContext) =>
          inspected(module, { ...context, service, plan: service.plan }, Number(withinS), row),
      },
    ]),
  );
}

/** `{found}`, or `{error}` for an account that cannot be inspected. Never rejects, so that the other steps continue. */
async function inspected(
  module: Module,
  context: StepContext,
  withinS: number,
  row: { unanswered: number },
): Promise<Json> {
  if (row.unanswered >= MOST_UNANSWERED)
    return { error: { code: 'remote_unreachable', message: 'The server does not respond.' } };
  const late = new AgentError('remote_unreachable', 'The server does not respond.', {
    detail: `no result within ${withinS} s`,
  });
  const inspect = (signal: AbortSignal): Promise<Json> =>
    orAbort(call(module, 'inspect', { ...context, signal }), signal);
  try {
    const found = await withLimit(context.signal, withinS * 1000, inspect, () => late);
    row.unanswered = 0;
    // a result that is not JSON must fail here, because a failed step would end the other inspections
    return { found: plainJson(found, 'its result', { bytes: MOST_BYTES }) };
  } catch (error) {
    const { code, message, detail = null, failure } = toRecord(asAgentError(error, 'module_failed'));
    row.unanswered = failure === 'unreachable' ? row.unanswered + 1 : 0;
    return { error: { code, message, detail } };
  }
}

async function call(module: Module, name: 'testConnection' | 'inspect', context: StepContext): Promise<Json> {
  const method: unknown = Reflect.get(module, name);
  if (typeof method !== 'function') throw new Error(`the module has no ${name}`);
  const result: unknown = await Reflect.apply(method, module, [context]);
  // the main thread checks the result
  return (result ?? null) as Json;
}
