/**
 * `npm run mutate -- [--seed N] [--minutes T] [--seconds T] [--only PATTERN]`: puts small faults (mutants) into the
 * sources of `ROOMS`, one at a time and in a copy, and runs the quick tests whose bundle contains the file, at most
 * `--seconds` per mutant. Lists the mutants that neither the tests nor the compiler notice; exits 1 when their share
 * exceeds `MOST_SURVIVORS`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seeded } from '../chaos/seeded.js';
import { projectRoot } from '../tools/project-root.js';
import { compilerOf } from './compiler.js';
import { copyOf } from './copy.js';
import { holdersOf } from './holders.js';
import { type Judged, newJudge } from './judge.js';
import { type Mutant, mutantsOf, mutated } from './mutants.js';

/** The mutated folders. */
const ROOMS = ['src/model', 'src/jobs', 'src/services'];
const MOST_SURVIVORS = 0.1;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '120' },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const say = (line: string): void => console.log(line);
const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    say(`${signal}: no more are tried`);
    over.abort();
  });
say(`seed ${seed}`);

const project = projectRoot();
const copy = await copyOf(project);
try {
  const mutants = shuffled(await allMutants(new RegExp(values.only)));
  const holders = holdersOf(copy.metafile);
  say(`${mutants.length} mutants; trying them for ${values.minutes} minutes`);
  const limit = setTimeout(() => over.abort(), Number(values.minutes) * 60_000);
  const tried = await tryAll(mutants, holders);
  clearTimeout(limit);
  process.exitCode = report(tried) ? 0 : 1;
} finally {
  process.chdir(project);
  await copy.remove();
}

type Tried = Mutant & { readonly judged: Judged };

async function allMutants(only: RegExp): Promise<Mutant[]> {
  const found: Mutant[] = [];
  for (const room of ROOMS)
    for (const name of (await readdir(room, { recursive: true })).sort()) {
      const file = join(room, name);
      if (name.endsWith('.ts') && only.test(file))
        found.push(...mutantsOf(file, await readFile(file, 'utf8')));
    }
  return found;
}

function shuffled(mutants: Mutant[]): Mutant[] {
  const chance = seeded(seed);
  return mutants
    .map((mutant) => ({ mutant, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ mutant }) => mutant);
}

/** Tries as many mutants as the time allows. A mutant that ran out of time is not counted. */
async function tryAll(mutants: readonly Mutant[], holders: ReturnType<typeof holdersOf>): Promise<Tried[]> {
  const tried: Tried[] = [];
  const judge = newJudge({
    cwd: copy.folder,
    limitMs: Number(values.seconds) * 1000,
    over: over.signal,
    say,
  });
  const compiler = compilerOf(copy.folder);
  for (const mutant of mutants) {
    const right = await readFile(mutant.file, 'utf8');
    const put = (wrong: boolean): Promise<void> =>
      copy.change(mutant.file, wrong ? mutated(right, mutant) : right);
    const judged: Judged = compiler.refuses(mutant, 'file')
      ? { kind: 'refused', run: 0, of: 0 }
      : await judge.judge(holders.get(mutant.file) ?? [], put);
    if (over.signal.aborted) break;
    const isUnnoticed = judged.kind === 'survived' || judged.kind === 'no test';
    const isRefused = isUnnoticed && compiler.refuses(mutant, 'all');
    const one: Tried = { ...mutant, judged: isRefused ? { ...judged, kind: 'refused' } : judged };
    tried.push(one);
    say(`${one.judged.kind.padEnd(8)} ${line(one)}`);
  }
  return tried;
}

/** Prints the result; true if few enough mutants survived. */
function report(tried: readonly Tried[]): boolean {
  const all = (kind: Judged['kind']): Tried[] => tried.filter(({ judged }) => judged.kind === kind);
  const survivors = [...all('survived'), ...all('no test')];
  say('');
  for (const one of survivors.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)) say(line(one));
  const share = tried.length === 0 ? 1 : survivors.length / tried.length;
  say(
    `${tried.length} mutants tried: ${all('killed').length} noticed by tests, ` +
      `${all('refused').length} refused by the compiler, ` +
      `${survivors.length} survived (${(share * 100).toFixed(1)} %, at most ${MOST_SURVIVORS * 100} % may)`,
  );
  return share <= MOST_SURVIVORS;
}

function line({ file, line: at, what, judged: { kind, run, of, by } }: Tried): string {
  const why: Readonly<Record<Judged['kind'], string>> = {
    refused: 'by the compiler',
    killed: `by ${by ?? ''}`,
    survived: `${run} of ${of} test files passed`,
    'no test': 'no quick test holds the file',
  };
  return `${file}:${at}  ${what}  (${why[kind]})`;
}
