/**
 * The conformance suite. It checks the files of a module, reads its declarations, and runs its jobs in a process of
 * their own.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildFolder } from '../../../kernel/build-folder.js';
import { isFields } from '../../../kernel/is-fields.js';
import { cleaned } from '../../../kernel/text.js';
import { contentHash, moduleFiles } from '../../content-hash.js';
import { whyCutOff } from '../../discovery/read-module.js';
import { type ReaderEnd, type ReadLimits, runReader } from '../../discovery/reader-process.js';
import { findModules, type FoundModule, shippedModules } from '../../loader.js';
import { type AuthoredModule, placeOf, readAuthored } from '../read-authored.js';
import { changelogFindings, readmeFindings } from './documents.js';
import { importFindings } from './imports.js';
import { CHECK_LINES, type CheckLine, type Finding } from './lines.js';
import { settingsFindings } from './settings.js';
import { textFindings } from './texts.js';
import { versionFindings } from '../versions-file.js';
import { viewFindings } from './views.js';

export interface CheckedLine {
  readonly line: CheckLine;
  readonly problems: readonly string[];
  /** Why the line could not be checked; null if it was. */
  readonly skipped: string | null;
}

/** Milliseconds for all runs of all jobs of a module. */
const RUNS_WITHIN_MS = 300_000;
const LIMITS: ReadLimits = { withinMs: RUNS_WITHIN_MS, heapMb: 512 };
const MOST_PROBLEMS = 5;

/**
 * Checks the module in this folder. Rejects only if the suite itself fails. `isShipped`: the module is a part of the
 * build, so its code is bundled and its name is in use.
 */
export async function checkModule(folder: string, isShipped = false): Promise<CheckedLine[]> {
  const findings: Finding[] = [];
  const skipped = new Map<CheckLine, string>();
  const skip = (lines: readonly CheckLine[], why: string): void => {
    for (const line of lines) if (!skipped.has(line)) skipped.set(line, why);
  };
  if (isShipped) skip(['name', 'imports'], 'the module is shipped with the agent');
  const place = await placeFindings(folder, isShipped, findings);
  if (place) await readAndRun(place, isShipped, findings, skip);
  else skip(allBut(['structure', 'name']), 'the structure is wrong');
  return (Object.keys(CHECK_LINES) as CheckLine[]).map((line) => {
    const problems = findings.filter((one) => one.line === line).map(({ problem }) => cleaned(problem, 500));
    return {
      line,
      problems: shortened(problems),
      skipped: problems.length > 0 ? null : (skipped.get(line) ?? null),
    };
  });
}

const allBut = (lines: readonly CheckLine[]): CheckLine[] =>
  (Object.keys(CHECK_LINES) as CheckLine[]).filter((line) => !lines.includes(line));

function shortened(problems: readonly string[]): string[] {
  const all = [...new Set(problems)];
  const rest = all.length - MOST_PROBLEMS;
  return rest > 0 ? [...all.slice(0, MOST_PROBLEMS), `and ${rest} more`] : all;
}

async function placeFindings(
  folder: string,
  isShipped: boolean,
  findings: Finding[],
): Promise<FoundModule | undefined> {
  try {
    const place = placeOf(folder);
    if (!existsSync(place.path)) throw new Error('the folder does not contain module.js');
    await contentHash(dirname(place.path));
    if (!isShipped && (await isTaken(place)))
      findings.push({
        line: 'name',
        problem: `${place.type}/${place.name} is shipped with the agent: use your own prefix`,
      });
    return place;
  } catch (error) {
    findings.push({ line: 'structure', problem: wordsOf(error) });
    return undefined;
  }
}

async function isTaken({ type, name }: FoundModule): Promise<boolean> {
  const shipped = await findModules([shippedModules()]);
  return shipped.some((one) => one.type === type && one.name === name);
}

async function readAndRun(
  place: FoundModule,
  isShipped: boolean,
  findings: Finding[],
  skip: (lines: readonly CheckLine[], why: string) => void,
): Promise<void> {
  const root = dirname(place.path);
  const files = (await moduleFiles(root)).map(({ path }) => path);
  if (!isShipped) findings.push(...(await importFindings(root, files)));
  findings.push(...(await viewFindings(root, files)), ...(await readmeFindings(root)));
  findings.push(...(await textFindings(root, files)));
  let module: AuthoredModule;
  try {
    module = await readAuthored(root);
  } catch (error) {
    findings.push({ line: 'declarations', problem: wordsOf(error) });
    skip(allBut(['structure', 'name', 'imports', 'texts', 'views', 'readme']), 'the module cannot be read');
    return;
  }
  findings.push(...settingsFindings(module.declared));
  findings.push(...(await changelogFindings(root, module.declared.info.version)));
  findings.push(...(await versionFindings(root, module.declared.info.version)));
  findings.push(...(await runFindings(module)));
}

/** Runs the jobs of the module in a process, because its code may do anything. */
async function runFindings({ path, type, name }: AuthoredModule): Promise<Finding[]> {
  const program = join(buildFolder(), 'src/modules/authoring/check/runs-main.js');
  const end = await runReader(program, JSON.stringify({ path, type, name }), LIMITS);
  const lines = end.answer.split('\n').flatMap(readLine);
  const findings = lines.flatMap((line) => (isFinding(line) ? [line] : []));
  const hasEnded = lines.some((line) => line['kind'] === 'end');
  const why = whyCutOff(end, LIMITS, hasEnded);
  return why === undefined
    ? findings
    : [...findings, { line: 'completes', problem: cutOff(lines, end, why) }];
}

/** The last message says which job was running. */
function cutOff(lines: readonly Record<string, unknown>[], { isLate }: ReaderEnd, why: string): string {
  const last = lines.findLast((line) => line['kind'] === 'job');
  const job = typeof last?.['job'] === 'string' ? `the job ${last['job']}: ` : '';
  return isLate
    ? `${job}the jobs did not end within ${RUNS_WITHIN_MS / 1000} s`
    : `${job}${why.replace('loaded', 'ran')}`;
}

function readLine(text: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isFinding(line: Record<string, unknown>): line is Record<string, unknown> & Finding {
  return (
    typeof line['line'] === 'string' &&
    Object.hasOwn(CHECK_LINES, line['line']) &&
    typeof line['problem'] === 'string'
  );
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
