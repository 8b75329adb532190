/** innkeeper doctor: checks the installation and suggests fixes. Works with the daemon up or down. */
import type { Config } from '../../config/config.js';
import { systemClock } from '../../kernel/clock.js';
import { type Line, ok, type Word, warning, wrong, word } from '../../drivers/shared/doctor/check.js';
import { examine } from '../../doctor/examine.js';
import { surveyCatalogue, type Survey } from '../../modules/catalogue.js';
import { formatCell } from '../shared/format-cell.js';
import { daemonSide } from './daemon-side.js';
import { EXIT } from '../shared/failure.js';
import { loadAsService } from '../shared/of-service.js';
import { type Colours, say, sayJson } from '../shared/print.js';
import { withProgress } from '../shared/progress.js';

/** Resolves with the exit code: 1 if a check has failed, otherwise 0. Warnings do not change the exit code. */
export async function runDoctor(configFile: string, json: boolean): Promise<number> {
  const { line, ready } = await openConfig(configFile);
  const lines = [line];
  if (ready) {
    const parts = { ...ready, configFile, clock: systemClock, daemon: daemonSide(configFile) };
    lines.push(
      ...(await withProgress((show) =>
        examine(parts, (done, all, open) => show(`${done} of ${all} checks done, waiting for ${open}`)),
      )),
    );
  }
  const well = lines.every(({ state }) => state !== 'wrong');
  if (json) sayJson({ ok: well, checks: lines.map(({ fix, ...line }) => ({ ...line, mend: fix })) });
  else say(report(lines), COLOURS);
  return well ? EXIT.done : EXIT.failed;
}

interface Opened {
  readonly line: Line;
  readonly ready?: { readonly config: Config } & Survey;
}

/**
 * Prints the result if the configuration is invalid. There are no other results, because all other checks need a valid
 * configuration.
 */
async function openConfig(file: string): Promise<Opened> {
  const about = { name: 'config', title: 'configuration' };
  const warnings: string[] = [];
  const check = `innkeeper config check --config ${word(file)}`;
  try {
    const config = await loadAsService(file, (text) => void warnings.push(text));
    const verdict = warnings.length > 0 ? warning(warnings.join('; '), check) : ok(file);
    const survey = await surveyCatalogue(config);
    return { line: { ...about, ...verdict }, ready: { config, ...survey } };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { line: { ...about, ...wrong(said, `"\${EDITOR:-vi}" ${word(file)}`, check) } };
  }
}

const WORDS: Readonly<Record<Word, string>> = {
  ok: 'ok',
  warning: 'warning',
  wrong: 'WRONG',
  not_checked: '-',
};

/**
 * Colours these words only at the start of a line, because findings may contain the same words in messages of other
 * systems.
 */
const COLOURS: Colours = {
  at: /^(?<word>ok|warning|WRONG) /gm,
  of: { ok: 'green', warning: 'yellow', WRONG: 'red' },
};

function report(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(({ title }) => title.length));
  const told = lines.flatMap(({ state, title, found, fix }) => [
    `${WORDS[state].padEnd(8)} ${title.padEnd(width)}  ${found
      .split('\n')
      .map(formatCell)
      .join(`\n${' '.repeat(width + 11)}`)}`,
    ...fix.map((command) => `         fix: ${formatCell(command)}`),
  ]);
  const count = (state: Word): number => lines.filter((line) => line.state === state).length;
  const sum =
    lines.length === count('ok')
      ? 'No problems found.'
      : `${count('wrong')} wrong, ${count('warning')} warnings, ${count('not_checked')} not checked.`;
  return [...told, '', sum].join('\n');
}
