/**
 * The results of `checkProduct` for the data of plans. A module is asked once for each version and data; the results
 * are kept beside the declarations, so that a start runs no module code if nothing has changed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, type ErrorCode } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import type { CheckEnd } from '../model/check-end.js';
import type { ReadLimits } from './discovery/reader-process.js';
import type { ModuleChecks } from './module-checks.js';
import type { Products, RegisteredProduct } from './registry.js';

export interface ProductCheck {
  /** Undefined if the module was not asked yet. A product without such a check accepts everything. */
  known(product: string, data: JsonObject): CheckEnd | undefined;
  /** Never rejects. */
  run(product: string, data: JsonObject): Promise<CheckEnd>;
}

export interface ProductChecks {
  /** The check of these products. The results are shared. */
  of(products: Pick<Products, 'find'>): ProductCheck;
}

export interface ProductCheckDeps {
  readonly checks: ModuleChecks;
  readonly limits: ReadLimits;
  readonly stateDir: string;
}

const ACCEPTED: CheckEnd = { kind: 'valid', data: undefined };
/** Results that are kept, on disk and in memory. Older ones are dropped first. */
const MOST_KEPT = 1_000;
/** A check that gave no result is made again after this time, because the machine may only have been busy. */
const RETRY_MS = 60_000;

export async function productChecks(deps: ProductCheckDeps): Promise<ProductChecks> {
  const { checks, limits } = deps;
  const file = join(deps.stateDir, 'modules', '.declarations', 'product-checks.json');
  const results = new Map<string, CheckEnd>(await readResults(file));
  const running = new Map<string, Promise<CheckEnd>>();
  /** When checks gave no result. */
  const failedAt = new Map<string, number>();
  let writing = Promise.resolve();

  const keep = (key: string, end: CheckEnd): void => {
    results.set(key, end);
    const [oldest] = results.keys();
    if (results.size > MOST_KEPT && oldest !== undefined) {
      results.delete(oldest);
      failedAt.delete(oldest);
    }
    if (end.kind === 'failed') {
      failedAt.set(key, performance.now());
      return;
    }
    failedAt.delete(key);
    writing = writing.then(() => writeResults(file, results));
  };
  const start = (key: string, product: RegisteredProduct, data: JsonObject): Promise<CheckEnd> => {
    const run = checks.run(product, 'checkProduct', [data], limits).then((end) => {
      running.delete(key);
      keep(key, end);
      return end;
    });
    running.set(key, run);
    return run;
  };
  return {
    of: (products) => ({
      known(name, data) {
        const product = asked(products, name);
        return product ? results.get(keyOf(product, data)) : ACCEPTED;
      },
      async run(name, data) {
        const product = asked(products, name);
        if (!product) return ACCEPTED;
        const key = keyOf(product, data);
        const failed = failedAt.get(key);
        const isDue = failed !== undefined && performance.now() - failed > RETRY_MS;
        const kept = isDue ? undefined : results.get(key);
        return kept ?? running.get(key) ?? start(key, product, data);
      },
    }),
  };
}

/** The product if it has such a check. */
function asked(products: Pick<Products, 'find'>, name: string): RegisteredProduct | undefined {
  const product = products.find(name);
  return product?.declared.checks.includes('checkProduct') ? product : undefined;
}

/** Everything on which the result depends. */
function keyOf({ info, hash, path }: RegisteredProduct, data: JsonObject): string {
  const digest = createHash('sha256').update(JSON.stringify(data)).digest('hex');
  return [info.type, info.name, hash ?? path, digest].join(' ');
}

/** Empty if the file cannot be used. */
async function readResults(file: string): Promise<[string, CheckEnd][]> {
  try {
    const entries: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(entries) ? entries.flatMap(entryOf) : [];
  } catch {
    return [];
  }
}

function entryOf(entry: unknown): [string, CheckEnd][] {
  const [key, end] = (Array.isArray(entry) ? entry : []) as readonly unknown[];
  if (typeof key !== 'string' || typeof end !== 'object' || end === null) return [];
  const { kind, data, error } = end as { kind?: unknown; data?: JsonObject; error?: Stored };
  if (kind === 'valid') return [[key, { kind, data }]];
  if (kind !== 'invalid' || typeof error?.message !== 'string') return [];
  return [
    [
      key,
      {
        kind,
        error: new AgentError(error.code, error.message, error.fields ? { fields: error.fields } : {}),
      },
    ],
  ];
}

interface Stored {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Never rejects. If the file cannot be written, the modules are asked again at the next start. */
async function writeResults(file: string, results: ReadonlyMap<string, CheckEnd>): Promise<void> {
  const entries = [...results].flatMap(([key, end]): [string, unknown][] => {
    if (end.kind === 'failed') return [];
    if (end.kind === 'valid') return [[key, end]];
    const { code, message, fields } = end.error;
    return [[key, { kind: end.kind, error: { code, message, fields } }]];
  });
  const aside = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    await writeFile(aside, JSON.stringify(entries), { mode: 0o600, flag: 'wx' });
    await rename(aside, file);
  } catch {
    await rm(aside, { force: true }).catch(() => {});
  }
}
