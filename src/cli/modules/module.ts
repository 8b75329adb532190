/** innkeeper module list | show | routes | rescan | activate | update | deactivate | settings | log | server */
import type { Command } from 'commander';
import { addServerCommands } from './server.js';

export function addModuleCommands(module: Command): void {
  module
    .command('list')
    .description('list the modules that are installed, and those that services need')
    .option('--json', 'print JSON instead of a table')
    .action(async (_, command: Command) => {
      const { listModules } = await import('./show-modules.js');
      await listModules(command.optsWithGlobals());
    });
  module
    .command('show')
    .description('show what a module declares, and any reason why it cannot be used')
    .argument('<type/name>', 'e.g. product/wordpress')
    .option('--json', 'print JSON')
    .action(async (name: string, _, command: Command) => {
      const { showModule } = await import('./show-modules.js');
      await showModule(name, command.optsWithGlobals());
    });
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
    .action(async (_, command: Command) => {
      const { rescanModules } = await import('./show-modules.js');
      await rescanModules(command.optsWithGlobals());
    });
  addServerCommands(module);
  module
    .command('install')
    .description('install a module, or a new version of it, without activating it')
    .argument('<source>', 'a tgz from innkeeper module pack, or the folder of a module')
    .option('--json', 'print JSON')
    .action(async (source: string, _, command: Command) => {
      const { installModule } = await import('./install.js');
      await installModule(source, command.optsWithGlobals());
    });
  lifecycle(module, 'activate', 'start to use a module').option(
    '--version <version>',
    'an earlier version, which must have been active before',
  );
  lifecycle(module, 'update', "start to use the version in the module's folder");
  lifecycle(module, 'deactivate', 'stop using a module that no service needs')
    .option('--purge', 'also delete its documents, cache, log and stored secrets')
    .option('--force', 'do not call the code of the module');
  module
    .command('settings')
    .description('show or change the settings of a module')
    .argument('<type/name>', 'e.g. product/wordpress')
    .argument('[changes...]', 'name=value; name= removes a setting; name=- reads it from standard input')
    .option('--json', 'print JSON')
    .action(async (name: string, changes: string[], _, command: Command) => {
      const { moduleSettings } = await import('./settings.js');
      await moduleSettings(name, changes, command.optsWithGlobals());
    });
  module
    .command('log')
    .description('show the log of a module, the newest lines last')
    .argument('<type/name>', 'e.g. product/wordpress')
    .option('--lines <number>', 'number of lines (1 to 500)', '50')
    .option('--json', 'print JSON')
    .action(async (name: string, _, command: Command) => {
      const { moduleLog } = await import('./module-log.js');
      await moduleLog(name, command.optsWithGlobals());
    });
}

function lifecycle(module: Command, verb: string, description: string): Command {
  return module
    .command(verb)
    .description(description)
    .argument('<type/name>', 'e.g. product/wordpress')
    .option('--json', 'print JSON')
    .action(async (name: string, _, command: Command) => {
      const { changeModule } = await import('./change-module.js');
      process.exitCode = await changeModule(verb, name, command.optsWithGlobals());
    });
}
