/** innkeeper template build <product>: makes a product's golden template on the container host; needs no running daemon. */
import { pino } from 'pino';
import { makeTemplate } from '../golden-template.js';
import { EXIT } from './failure.js';
import { serviceCredentials } from './of-service.js';
import { column, say, sayJson, table } from './print.js';

export interface TemplateOptions {
  readonly configFile: string;
  readonly product: string;
  /** Make new ones although there are some. */
  readonly replace: boolean;
  readonly json: boolean;
}

/** Resolves with the exit code. SIGINT and SIGTERM remove what was begun. */
export async function runTemplateBuild(options: TemplateOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error('stopped; what was begun is removed')));
  }
  // standard output is for the result
  const log = pino({ level: 'warn', base: null }, process.stderr);
  const built = await makeTemplate({
    ...options,
    credentials: await serviceCredentials(),
    log,
    signal: stop.signal,
    progress: ({ node, vmid, phase, script }) =>
      process.stderr.write(`${node} ${vmid}: ${script === undefined ? phase : `${phase} ${script}`}\n`),
  });
  if (options.json) sayJson(built);
  else {
    const rows = built.map((template) => ({ ...template, seconds: Math.round(template.tookMs / 1000) }));
    say(
      table(
        rows,
        ['name', 'node', 'vmid', 'outcome', 'seconds', 'left'].map((name) => column(name)),
      ),
    );
  }
  return EXIT.done;
}
