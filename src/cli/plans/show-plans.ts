/** Prints plans. */
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, listOf } from '../shared/daemon.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface PlanOptions {
  readonly config?: string;
  readonly json?: true;
}

function daemonOf({ config }: PlanOptions): Promise<Daemon> {
  return connectDaemon(configFile(config), DEFAULT_PANEL);
}

export async function listPlans(options: PlanOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const plans = listOf((await daemon.call('GET', '/plans'))['plans']);
  const names = ['name', 'module', 'memory_mb', 'disk_gb', 'cores', 'source', 'problem'];
  if (options.json) sayJson(plans);
  else
    say(
      table(
        plans,
        names.map((name) => column(name)),
      ),
    );
}

export async function showPlan(name: string, options: PlanOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const { success: _, ...plan } = await daemon.call('GET', `/plans/${encodeURIComponent(name)}`);
  if (options.json) sayJson(plan);
  else say(factsOf(plan));
}

function factsOf({ data, options, aliases, ...plan }: Fields): string {
  const rows: [string, unknown][] = Object.entries(plan);
  const names = Array.isArray(aliases) ? aliases.join(', ') : '';
  return `${facts([...rows, ['aliases', names]])}${section('data', data)}${section('options', options)}`;
}

function section(title: string, value: unknown): string {
  return `\n\n${title}:\n${JSON.stringify(value, undefined, 2)}`;
}
