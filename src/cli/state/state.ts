/** innkeeper state export | import | verify */
import type { Command } from 'commander';
import { configFile } from '../shared/config-file.js';
import { EXIT } from '../shared/failure.js';

export function addStateCommands(program: Command): void {
  const state = program.command('state').description("back up and restore the agent's state");
  state
    .command('export')
    .description('export all documents as a consistent snapshot into one file; the daemon may be running')
    .argument('<file>', 'output file, e.g. state.tar.gz')
    .option(
      '--with-key',
      'include the key for the secrets; anyone who has the file can then read all secrets',
    )
    .action(async (file: string, flags: { withKey?: true }, command: Command) => {
      const { exportState } = await import('./state-export.js');
      await exportState({ file, configFile: fileOf(command), withKey: flags.withKey === true });
    });
  state
    .command('import')
    .description('import an export into the empty state folder; the daemon must not be running')
    .argument('<file>', 'a file from `state export`')
    .action(async (file: string, _, command: Command) => {
      const { importState } = await import('./state-import.js');
      await importState(file, fileOf(command));
    });
  state
    .command('verify')
    .description('check an export, a state folder, or the state in use')
    .argument('[what]', 'an exported file or a state folder (default: the state in use)')
    .option(
      '--key-file <file>',
      'file with the key that encrypts the secrets, if it differs from the configured key',
    )
    .option('--json', 'print JSON')
    .action(async (what: string | undefined, flags: { keyFile?: string; json?: true }, command: Command) => {
      const { verifyState } = await import('./state-verify.js');
      const sound = await verifyState({
        what,
        configFile: fileOf(command),
        keyFile: flags.keyFile,
        json: flags.json === true,
      });
      process.exitCode = sound ? EXIT.done : EXIT.failed;
    });
  state
    .command('rotate-key')
    .description('create a new key and re-encrypt all secrets with it; the daemon keeps running')
    .option(
      '--keep-former <file>',
      'first copy the current key into this file, because older exports need that key',
    )
    .option(
      '--discard-former',
      'do not keep the current key; the secrets in older exports can then no longer be read',
    )
    .option('--json', 'print JSON')
    .action(async (_, command: Command) => {
      const { rotateKey } = await import('./rotate-key.js');
      await rotateKey(command.optsWithGlobals());
    });
}

function fileOf(command: Command): string {
  return configFile(command.optsWithGlobals<{ config?: string }>().config);
}
