/** The tables of docs/operating.md about requests that meet a state or an open job. */
import { format, resolveConfig } from 'prettier';
import { openJobRule, REFUSALS } from '../../src/jobs/conflicts.js';
import { STANDINGS } from '../../src/model/job-kind-data.js';
import { type Group, GROUPS, JOB_KINDS, type KindName, kindsIn } from '../../src/model/job-kinds.js';
import { kindNamed } from '../fakes/samples.js';

const PAGE = 'docs/operating.md';
const BEGIN = '<!-- `npm run docs` writes these tables -->';
const END = '<!-- end of the tables -->';

export const groups = Object.keys(GROUPS) as Group[];
/** One kind of a group. */
export const kindOf = (group: Group): KindName => kindsIn(group)[0] ?? kindNamed('shuffle');

/** The page with the present tables in the place of its own. */
export async function withConflictTables(page: string): Promise<string> {
  const [before = '', rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${PAGE} has no place for the tables: ${BEGIN} ... ${END}`);
  const whole = `${before}${BEGIN}\n\n${conflictTables()}\n\n${END}${after}`;
  return format(whole, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function conflictTables(): string {
  const name = (group: Group): string => (group === 'other' ? 'any other' : kindsIn(group).join(', '));
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const standings = [
    row(['call', ...STANDINGS]),
    row(['call', ...STANDINGS].map(() => '---')),
    ...groups.map((group) => row([name(group), ...STANDINGS.map((one) => GROUPS[group][one])])),
  ];
  const ruleOf = (requested: Group, open: Group) => openJobRule(kindOf(requested), kindOf(open));
  const cases = (requested: Group): string => {
    const by = (rule: string): Group[] => groups.filter((open) => ruleOf(requested, open) === rule);
    const rules = [...new Set(groups.map((open) => ruleOf(requested, open)))];
    return rules
      .sort((a, b) => by(b).length - by(a).length)
      .map((rule, index) => (index === 0 ? rule : `${rule} (${by(rule).map(name).join('; ')})`))
      .join(', ');
  };
  const open = [
    row(['call', 'if another job is open']),
    row(['---', '---']),
    ...groups.map((group) => row([name(group), cases(group)])),
    '',
    row(['repeated call', 'joins the open job, unless one of these jobs is queued after it']),
    row(['---', '---']),
    ...Object.entries(JOB_KINDS).flatMap(([kind, { overtakenBy: by }]) =>
      by === 'anything' ? [] : [row([kind, by.join(', ') || '(none: it always joins)'])],
    ),
  ];
  const words = Object.entries(REFUSALS).map(([word, [code, text]]) => row([word, `\`${code}\``, text]));
  return [
    ...standings,
    '',
    ...open,
    '',
    row(['word', 'code', 'sentence']),
    row(['---', '---', '---']),
    ...words,
  ].join('\n');
}
