/** innkeeper module check */
import { CHECK_LINES } from '../../modules/authoring/check/lines.js';
import { type CheckedLine, checkModule } from '../../modules/authoring/check/check-module.js';
import { say, sayJson } from '../shared/print.js';

/** Resolves to whether the module passes. */
export async function checkFolder(folder: string, json: boolean): Promise<boolean> {
  const lines = await checkModule(folder);
  const passes = lines.every(({ problems }) => problems.length === 0);
  if (json) sayJson({ ok: passes, lines });
  else say([...lines.map(textOf), '', summary(lines)].join('\n'));
  return passes;
}

function textOf({ line, problems, skipped }: CheckedLine): string {
  const state = problems.length > 0 ? 'wrong' : skipped === null ? 'ok' : 'not checked';
  const reason = problems.length === 0 && skipped !== null ? ` (${skipped})` : '';
  return [
    `${state.padEnd(11)}  ${line.padEnd(12)}  ${CHECK_LINES[line]}${reason}`,
    ...problems.map((problem) => `  - ${problem}`),
  ].join('\n');
}

function summary(lines: readonly CheckedLine[]): string {
  const wrong = lines.filter(({ problems }) => problems.length > 0).length;
  const unchecked = lines.filter(({ problems, skipped }) => problems.length === 0 && skipped !== null).length;
  const left = unchecked > 0 ? `; ${unchecked} not checked` : '';
  return wrong === 0
    ? `The module passes all lines${left}.`
    : `${wrong} of ${lines.length} lines are wrong${left}.`;
}
