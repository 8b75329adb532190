/** Prints modules. */
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, listOf } from '../shared/daemon.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { modulePath } from './module-path.js';

interface ModuleOptions {
  readonly config?: string;
  readonly json?: true;
}

export async function rescanModules(options: ModuleOptions): Promise<void> {
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

export async function listModules(options: ModuleOptions): Promise<void> {
  const daemon = await daemonOf(options);
  print((await daemon.call('GET', '/modules'))['modules'], options);
}

function print(value: unknown, options: ModuleOptions): void {
  const modules = listOf(value);
  const names = ['type', 'name', 'version', 'state', 'services', 'update', 'reason'];
  if (options.json) sayJson(modules);
  else
    say(
      table(
        modules.map((one) => ({
          ...one,
          update: one['update_available'] === true ? one['available_version'] : null,
        })),
        names.map((name) => column(name)),
      ),
    );
}

export async function showModule(name: string, options: ModuleOptions): Promise<void> {
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
    servers,
    permissions,
    jobs,
    routes,
    schedules,
    sidebar,
    ...module
  } = all;
  const shown = Object.entries(module).map(([name, value]): [string, unknown] => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  const lists = { jobs, permissions, routes, schedules, sidebar };
  const schemas = {
    ...{
      settings,
      'data of plans': plans,
      'data of services': services,
      'data of instances': instances,
      servers,
    },
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => listOf(list).length > 0)),
  };
  return [facts(shown), ...Object.entries(schemas).map(([title, value]) => section(title, value))].join('');
}

function section(title: string, schema: unknown): string {
  return schema === null || schema === undefined
    ? ''
    : `\n\n${title}:\n${JSON.stringify(schema, undefined, 2)}`;
}
