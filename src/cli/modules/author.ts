/** innkeeper module new | check | dev | pack: for authors of modules. None of these commands needs a daemon. */
import type { Command } from 'commander';

export function addAuthorCommands(module: Command): void {
  module
    .command('new')
    .description('write a new module, which works and is tested, for you to change')
    .argument('<type>', 'product, plugin, notification or payment')
    .argument('<name>', 'name with your prefix, e.g. acme-mailbox')
    .option('--kind <kind>', 'kind of product: record (default), guest, hosted or remote')
    .option('--dir <folder>', 'folder of your project', '.')
    .option('--author <name>', 'your name, for `info.author`')
    .action(async (type: string, name: string, flags: { kind?: string; dir: string; author?: string }) => {
      const { newModule } = await import('./new-module.js');
      await newModule({ type, name, ...flags });
    });
  module
    .command('check')
    .description(
      'check the files of a module, and test its jobs, including interruptions, retries and rollbacks',
    )
    .argument('<folder>', 'folder of the module, e.g. product/acme-mailbox')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit code: 0 if the module passes, 1 if at least one line is wrong.')
    .action(async (folder: string, flags: { json?: true }) => {
      const { checkFolder } = await import('./check-folder.js');
      process.exitCode = (await checkFolder(folder, flags.json === true)) ? 0 : 1;
    });
  module
    .command('dev')
    .description('run the sandbox with a module, and read the module again when its files change')
    .argument('<folder>', 'folder of the module, e.g. product/acme-mailbox')
    .option('--port <number>', 'port of the API; default: any free port')
    .option('--plan-data <json>', 'product data of the plan "dev", e.g. {"seats": 5}')
    .addHelpText('after', '\nScripts of the module run in a real shell if this command runs as root.')
    .action(async (folder: string, flags: { port?: string; planData?: string }) => {
      const { devFolder } = await import('./dev-folder.js');
      await devFolder(folder, flags);
    });
  module
    .command('pack')
    .description('pack a module as a tgz for other machines')
    .argument('<folder>', 'folder of the module, e.g. product/acme-mailbox')
    .option('--to <folder>', 'folder in which the .tgz file is written', '.')
    .option('--json', 'print JSON')
    .action(async (folder: string, flags: { to: string; json?: true }) => {
      const { packFolder } = await import('./pack-folder.js');
      await packFolder(folder, flags.to, flags.json === true);
    });
}
