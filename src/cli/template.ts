/** innkeeper template build <product>: makes a product's golden template on the container host; needs no running daemon. */
import { pino } from 'pino';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../domain/clock.js';
import { closeDrivers, openCatalogue, openDrivers } from '../main.js';
import { buildTemplate } from '../operations/build-template.js';
import { EXIT } from './failure.js';
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
  const config = await loadConfig({ file: options.configFile });
  // standard output is for the result
  const log = pino({ level: 'warn', base: null }, process.stderr);
  const products = await openCatalogue(config, options.configFile, log);
  const product = products.get(options.product);
  const { drivers, watch } = openDrivers(config, log);
  try {
    const built = await buildTemplate({
      config,
      product,
      watch,
      clock: systemClock,
      guest: drivers.guest,
      exec: drivers.exec,
      log,
      signal: stop.signal,
      replace: options.replace,
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
  } finally {
    await closeDrivers(drivers, watch);
  }
}
