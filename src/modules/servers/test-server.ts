/** Calls `testConnection` of a product. */
import { cleaned } from '../../kernel/text.js';
import type { ServerTest } from '../../model/server-run.js';
import type { Server } from '../../model/server.js';
import type { Products } from '../registry.js';
import { problemOf, runOnServer, type ServerRunDeps } from './run.js';

/** A caller of the API waits for the result, and gets a response within 20 s. */
const WITHIN_MS = 15_000;
const MOST_TEXT = 600;

/** Never rejects. */
export async function testServer(
  deps: ServerRunDeps & { readonly products: Pick<Products, 'find'> },
  server: Server,
  signal: AbortSignal,
): Promise<ServerTest> {
  const began = performance.now();
  const end = (values: Pick<ServerTest, 'connected' | 'message' | 'problem'>): ServerTest => ({
    ...values,
    ms: Math.round(performance.now() - began),
  });
  const product = deps.products.find(server.module.name);
  if (!product)
    return end({ connected: false, message: null, problem: 'The product cannot be used at the moment.' });
  const run = { product, server, run: 'test', services: [], args: {}, withinMs: WITHIN_MS, signal } as const;
  const ended = await runOnServer(deps, run);
  const step = ended.steps.find(({ name }) => name === 'test');
  if (ended.ending.kind !== 'completed' || step?.status !== 'done')
    return end({ connected: false, message: null, problem: cleaned(problemOf(ended, WITHIN_MS), MOST_TEXT) });
  const { result } = step;
  return end({
    connected: true,
    message: typeof result === 'string' && result !== '' ? cleaned(result, MOST_TEXT) : null,
    problem: null,
  });
}
