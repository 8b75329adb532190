/** innkeeper module routes */
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Fields, listOf } from '../shared/daemon.js';
import { column, say, sayJson, table } from '../shared/print.js';
import { modulePath } from './module-path.js';

interface RoutesOptions {
  readonly config?: string;
  readonly json?: true;
}

const COLUMNS = ['module', 'kind', 'method', 'path', 'permission', 'rate_limit'];

/** `name`: `<type>/<name>` of a module; undefined for all modules that are in use. */
export async function listRoutes(name: string | undefined, { config, json }: RoutesOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  const paths =
    name === undefined
      ? listOf((await daemon.call('GET', '/modules'))['modules'])
          .filter(({ state }) => state === 'active')
          .map(({ type, name: word }) => `/modules/${String(type)}/${String(word)}`)
      : [modulePath(name)];
  const rows: Fields[] = [];
  for (const path of paths) {
    const module = await daemon.call('GET', path);
    const own = `${String(module['type'])}/${String(module['name'])}`;
    rows.push(...listOf(module['routes']).map((route) => ({ module: own, ...route })));
  }
  if (json) sayJson(rows);
  else
    say(
      rows.length === 0
        ? 'No routes.'
        : table(
            rows,
            COLUMNS.map((title) => column(title)),
          ),
    );
}
