/** innkeeper state rotate-key */
import { formatCell } from '../shared/format-cell.js';
import { configFile } from '../shared/config-file.js';
import { systemClock } from '../../kernel/clock.js';
import { connectDaemon, type Daemon, type Fields } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { say, sayJson } from '../shared/print.js';
import { withProgress } from '../shared/progress.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface RotateOptions {
  readonly config?: string;
  readonly json?: true;
  readonly keepFormer?: string;
  readonly discardFormer?: true;
}

const POLL_MS = 300;

/** Throws CommandFailure; in this case, the former key has not been removed. */
export async function rotateKey(options: RotateOptions): Promise<void> {
  const { json, keepFormer } = options;
  const daemon = await connectDaemon(configFile(options.config), DEFAULT_PANEL);
  const before = await daemon.call('GET', '/state/key');
  const former = formerId(before);
  if (former !== undefined) await provideForExports(former, options);
  const status = await rotated(daemon);
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
      `The former key is kept, because these documents still need it: ${formatCell(needed)}. Repair ` +
        'or remove the documents, then run this command again.',
    );
  else if (status['configured'] === true)
    say(
      'state_key_former is no longer needed: remove it from the configuration. Keep that key with the older ' +
        'exports, which need it.',
    );
  if (former !== undefined) say(aboutExports(former, keepFormer));
}

/**
 * Returns the ID of the key that the rotation will remove, or undefined if the keys are in the operator's
 * configuration.
 */
function formerId({ configured, key_id: id, former_key_ids: former }: Fields): string | undefined {
  if (configured === true) return undefined;
  const [first] = Array.isArray(former) ? (former as readonly unknown[]) : [];
  return formatCell(first ?? id);
}

/** The key cannot be restored once it is removed, so the operator must choose. */
async function provideForExports(
  keyId: string,
  { config, keepFormer, discardFormer }: RotateOptions,
): Promise<void> {
  if ((keepFormer === undefined) === (discardFormer === undefined))
    throw new CommandFailure(
      `Existing exports need the key ${keyId}, which this command removes. Run the command with ` +
        '--keep-former <file> to copy that key into a file first, or with --discard-former if no ' +
        'existing export is needed.',
    );
  if (keepFormer === undefined) return;
  const { keepFormerKey } = await import('./keep-former-key.js');
  await keepFormerKey({ configFile: configFile(config), keyId, to: keepFormer });
}

async function rotated(daemon: Daemon): Promise<Fields> {
  return withProgress(async (show) => {
    let status = await daemon.call('POST', '/state/rotate-key', {});
    while (status['rewriting'] === true) {
      show(`re-encrypting: ${formatCell(status['rewritten'])} documents`);
      await systemClock.sleep(POLL_MS);
      status = await daemon.call('GET', '/state/key');
    }
    return status;
  });
}

function aboutExports(keyId: string, file: string | undefined): string {
  if (file === undefined)
    return `The secrets in exports that were made with the key ${keyId} can no longer be read.`;
  return (
    `Older exports need the former key ${keyId}, which is now in ${formatCell(file)}. Keep this ` +
    `file with the exports. To check an export: innkeeper state verify <export> --key-file ${formatCell(file)}`
  );
}
