/** innkeeper module list | show | routes | rescan */
import type { Command } from 'commander';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, listOf } from '../shared/daemon.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { modulePath } from './module-path.js';

interface ModuleOptions {
  readonly config?: string;
  readonly json?: true;
}

export function addModuleCommands(program: Command): void {
  const module = program.command('module').description('list modules and show whether they can be used');
  module
    .command('list')
    .description('list the modules that are installed, and those that services need')
    .option('--json', 'print JSON instead of a table')
    .action(async (_, command: Command) => list(command.optsWithGlobals()));
  module
    .command('show')
    .description('show what a module declares, and any reason why it cannot be used')
    .argument('<type/name>', 'e.g. product/wordpress')
    .option('--json', 'print JSON')
    .action(async (name: string, _, command: Command) => show(name, command.optsWithGlobals()));
  module
    .command('routes')
    .description('list the routes that modules serve, and the permissions that they need')
    .argument('[type/name]', 'only the routes of this module')
    .option('--json', 'print JSON instead of a table')
    .action(async (name: string | undefined, _, command: Command) => {
      const { listRoutes } = await import('./routes.js');
      await listRoutes(name, command.optsWithGlobals());
    });
  module
    .command('rescan')
    .description('read the modules again while the daemon runs, and list them')
    .option('--json', 'print JSON instead of a table')
    .action(async (_, command: Command) => rescan(command.optsWithGlobals()));
}

async function rescan(options: ModuleOptions): Promise<void> {
  const daemon = await daemonOf(options);
  for (;;) {
    const { scanning, modules } = await daemon.call('POST', '/modules/rescan', {});
    if (scanning !== true) {
      print(modules, options);
      return;
    }
  }
}

function daemonOf({ config }: ModuleOptions): Promise<Daemon> {
  return connectDaemon(configFile(config), DEFAULT_PANEL);
}

async function list(options: ModuleOptions): Promise<void> {
  const daemon = await daemonOf(options);
  print((await daemon.call('GET', '/modules'))['modules'], options);
}

function print(value: unknown, options: ModuleOptions): void {
  const modules = listOf(value);
  const names = ['type', 'name', 'version', 'state', 'services', 'reason'];
  if (options.json) sayJson(modules);
  else
    say(
      table(
        modules,
        names.map((name) => column(name)),
      ),
    );
}

async function show(name: string, options: ModuleOptions): Promise<void> {
  const path = modulePath(name);
  const daemon = await daemonOf(options);
  const { success: _, ...module } = await daemon.call('GET', path);
  if (options.json) sayJson(module);
  else say(factsOf(module));
}

function factsOf(all: Fields): string {
  const {
    settings_schema: settings,
    product_data_schema: plans,
    service_data_schema: services,
    instance_schema: instances,
    permissions,
    routes,
    sidebar,
    ...module
  } = all;
  const shown = Object.entries(module).map(([name, value]): [string, unknown] => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  const lists = { permissions, routes, sidebar };
  const schemas = {
    ...{ settings, 'data of plans': plans, 'data of services': services, 'data of instances': instances },
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => listOf(list).length > 0)),
  };
  return [facts(shown), ...Object.entries(schemas).map(([title, value]) => section(title, value))].join('');
}

function section(title: string, schema: unknown): string {
  return schema === null || schema === undefined
    ? ''
    : `\n\n${title}:\n${JSON.stringify(schema, undefined, 2)}`;
}
