/**
 * innkeeper template build <product>: builds a product's golden template on the container host; does not need a
 * running daemon.
 */
import { type Logger, pino } from 'pino';
import { makeTemplate } from '../../boot/golden-template.js';
import { codeOf } from '../../state/files/file-system.js';
import { verifyFolder, verifyStream } from '../../state/transfer/verify.js';
import { daemonSide } from '../doctor/daemon-side.js';
import { EXIT } from '../shared/failure.js';
import { serviceCredentials } from '../shared/of-service.js';
import { column, say, sayJson, table } from '../shared/print.js';
import { stateFolder } from '../shared/socket-path.js';

export interface TemplateOptions {
  readonly configFile: string;
  readonly product: string;
  /** Build new templates even if templates exist. */
  readonly replace: boolean;
  readonly json: boolean;
}

/** Resolves with the exit code. SIGINT and SIGTERM remove an unfinished template. */
export async function runTemplateBuild(options: TemplateOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error('stopping; removing the unfinished template')));
  }
  // the log goes to standard error, because standard output is for the result
  const log = pino({ level: 'warn', base: null }, process.stderr);
  const built = await makeTemplate({
    ...options,
    credentials: await serviceCredentials(),
    log,
    held: await heldAddresses(options.configFile, log),
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

/** Reads the addresses through the daemon, or from the state folder if the daemon is not running. */
async function heldAddresses(configFile: string, log: Logger): Promise<ReadonlySet<string>> {
  try {
    const running = await daemonSide(configFile).export();
    const { addresses } = running
      ? await verifyStream(running, [])
      : await verifyFolder(await stateFolder(configFile), []);
    return new Set(addresses);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      log.warn(
        { err: error },
        'the addresses of services could not be read; the template build avoids only addresses that ' +
          'are in use in the cluster',
      );
    return new Set();
  }
}
