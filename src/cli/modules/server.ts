/** innkeeper module server list | show | add | update | remove | test */
import type { Command } from 'commander';

export function addServerCommands(module: Command): void {
  module
    .command('server')
    .description('manage the servers on which a module creates accounts')
    .argument('[words...]', 'list, show, add, update, remove or test, with its options')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[], _, command: Command) => {
      const { runServerCommand } = await import('./server-commands.js');
      await runServerCommand(module, words, command.optsWithGlobals());
    });
}
