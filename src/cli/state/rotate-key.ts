/** innkeeper state rotate-key */
import type { Command } from 'commander';
import { formatCell } from '../shared/format-cell.js';
import { configFile } from '../shared/config-file.js';
import { systemClock } from '../../kernel/clock.js';
import { connectDaemon } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { say, sayJson } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

interface RotateOptions {
  readonly config?: string;
  readonly json?: true;
}

const POLL_MS = 300;

export function addRotateKeyCommand(state: Command): void {
  state
    .command('rotate-key')
    .description('create a new key and re-encrypt all secrets with it; the daemon keeps running')
    .option('--json', 'print JSON')
    .action(async (_, command: Command) => rotate(command.optsWithGlobals()));
}

async function rotate({ config, json }: RotateOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  let status = await daemon.call('POST', '/state/rotate-key', {});
  while (status['rewriting'] === true) {
    await systemClock.sleep(POLL_MS);
    status = await daemon.call('GET', '/state/key');
  }
  const { success: _, ...told } = status;
  if (json) sayJson(told);
  if (status['problem'] !== null)
    throw new CommandFailure(
      `Key rotation did not finish: ${formatCell(status['problem'])}. Both keys remain valid; run the ` +
        'command again.',
    );
  if (json) return;
  say(
    `${formatCell(status['rewritten'])} documents were re-encrypted with the key ` +
      `${formatCell(status['key_id'])}.`,
  );
  const needed = status['needed_by'];
  if (Array.isArray(needed) && needed.length > 0)
    say(
      `The former key is kept because ${formatCell(needed)} still need it. Repair or remove them, then ` +
        'run this command again.',
    );
  else if (status['configured'] === true)
    say('state_key_former is no longer needed: remove it from the configuration.');
}
