/** innkeeper module list | show | routes | rescan | server */
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
}
