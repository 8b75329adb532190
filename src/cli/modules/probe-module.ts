/**
 * Loads a module's code in a separate process, so that a module that exits, hangs or throws from a timer does not
 * harm the caller. The hidden command `probe-module` is the other side.
 */
import { neverAborted } from '../../kernel/async/never.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import { cleaned } from '../../kernel/text.js';
import { runChild } from '../../drivers/shared/child.js';
import { type FoundModule, loadModule } from '../../modules/loader.js';
import { EXIT } from '../shared/failure.js';
import { say } from '../shared/print.js';

const PROBE_MS = 15_000;
const KEPT_BYTES = 8_192;
/** Time after loading in which code that the module started may still throw. */
const LINGER_MS = 200;
const LOADED = 'innkeeper: the module is loaded';

/** The problem, or undefined. */
export async function probeModule({ type, name, path }: FoundModule): Promise<string | undefined> {
  const argv = [process.execPath, process.argv[1] ?? '', 'probe-module', type, name, path];
  const end = await withLimit(neverAborted(), PROBE_MS, async (limit) => {
    const ended = await runChild(argv, { maxOutputBytes: KEPT_BYTES }, limit);
    return limit.aborted ? undefined : ended;
  });
  if (!end) return `loading did not finish within ${PROBE_MS / 1000} s`;
  if (end.code === EXIT.done && end.stdout.includes(LOADED)) return undefined;
  const said = cleaned(end.stderr).replace(/^innkeeper: /, '');
  if (said !== '') return said;
  return (
    'its code ended the process that loaded it ' +
    `(${end.code === null ? `signal ${end.signal ?? '?'}` : `exit code ${end.code}`})`
  );
}

/** Runs in the separate process. */
export async function loadForProbe(found: FoundModule): Promise<void> {
  const { module } = await loadModule(found);
  module.policy('create');
  setTimeout(() => {
    say(LOADED);
    process.exit(EXIT.done);
  }, LINGER_MS);
}
