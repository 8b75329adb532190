/** Calls `inspect` of a product for the accounts on one server. */
import { isFields } from '../../kernel/is-fields.js';
import type { Json } from '../../kernel/json.js';
import { cleaned } from '../../kernel/text.js';
import type { PanelLocales } from '../../model/locale.js';
import type { Server } from '../../model/server.js';
import { keyOf, type Service, type ServiceKey } from '../../model/service.js';
import { serviceView } from '../../jobs/effects/service-subject.js';
import type { Products } from '../registry.js';
import { problemOf, runOnServer, type ServerRunDeps } from './run.js';

export interface InspectDeps extends ServerRunDeps {
  readonly products: Pick<Products, 'find'>;
  readonly panels: PanelLocales;
}

/** An account as its module reports it, or why it could not be inspected. */
export type InspectedAccount =
  | {
      readonly exists: boolean;
      readonly active: boolean | null;
      readonly reachable: boolean;
      readonly usage: Readonly<Record<string, number>>;
    }
  | { readonly problem: string };

export interface ServerInspection {
  readonly accounts: ReadonlyMap<ServiceKey, InspectedAccount>;
  /** Why the server does not respond; null if it does. */
  readonly problem: string | null;
}

/** Accounts of one run. A run has one step for each account. */
const MOST_AT_ONCE = 100;
const WITHIN_S = 10;
const RUN_MS = 120_000;
const MOST_NUMBERS = 20;

/** Never rejects. */
export async function inspectServer(
  deps: InspectDeps,
  server: Server,
  services: readonly Service[],
  signal: AbortSignal,
): Promise<ServerInspection> {
  const accounts = new Map<ServiceKey, InspectedAccount>();
  let problem: string | null = null;
  let isAnswered = false;
  for (let from = 0; from < services.length && !signal.aborted; from += MOST_AT_ONCE) {
    const some = services.slice(from, from + MOST_AT_ONCE);
    const product = deps.products.find(server.module.name);
    if (!product) break;
    const args = {
      services: some.map((service) => serviceView(service, deps.panels)) as unknown as Json,
      within_s: WITHIN_S,
    };
    const run = { product, server, run: 'inspect', services: some, args, withinMs: RUN_MS, signal } as const;
    const ended = await runOnServer(deps, run);
    const missing = { error: { code: 'module_failed', message: problemOf(ended, RUN_MS) } };
    for (const [at, service] of some.entries()) {
      const result = ended.steps.find(({ name }) => name === String(at))?.result ?? missing;
      const { account, isUnanswered } = read(result);
      accounts.set(keyOf(service), account);
      if (!isUnanswered) isAnswered = true;
      else if ('problem' in account) problem ??= account.problem;
    }
  }
  return { accounts, problem: isAnswered ? null : problem };
}

function read(result: unknown): { readonly account: InspectedAccount; readonly isUnanswered: boolean } {
  const { found, error } = isFields(result) ? result : {};
  if (isFields(error)) {
    const { code, message, detail } = error;
    const words = [message, detail].filter((text) => typeof text === 'string').join(' ');
    return { account: { problem: cleaned(words) }, isUnanswered: code === 'remote_unreachable' };
  }
  const account = isFields(found) ? accountOf(found) : undefined;
  return { account: account ?? { problem: 'its inspect() gave an invalid result' }, isUnanswered: false };
}

/** Undefined if the module returned something else. */
function accountOf(found: Readonly<Record<string, unknown>>): InspectedAccount | undefined {
  const { exists, active = null, reachable = true, usage = {} } = found;
  const isOptional = (value: unknown): value is boolean | null =>
    value === null || typeof value === 'boolean';
  if (typeof exists !== 'boolean' || !isOptional(active) || typeof reachable !== 'boolean') return undefined;
  if (!isFields(usage)) return undefined;
  const numbers = Object.entries(usage).filter(
    (entry): entry is [string, number] =>
      /^[a-z][a-z0-9_]{0,49}$/.test(entry[0]) && typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  return { exists, active, reachable, usage: Object.fromEntries(numbers.slice(0, MOST_NUMBERS)) };
}
