/**
 * Records which module code ran when the daemon died. `module-strikes.json` in the state folder names the code before
 * it runs; a start finds the code that was running at a death. Code that was found twice does not run a third time.
 *
 * The file is written without an fsync, because it only has to outlive the daemon. A restart of the machine is not the
 * fault of any code, and does not count. The file concerns this machine only, so exports omit it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Module = { module: Type.String(), hash: Type.String() };
const StrikesSchema = Type.Object({
  schema: Type.Literal(1),
  /** Of the machine that it was written on. */
  boot_id: Type.String(),
  /** Running now. */
  running: Type.Array(Type.Object(Module)),
  /** One for each death of the daemon; RFC 3339. */
  deaths: Type.Array(Type.Object({ ...Module, at: Type.String() })),
});
type StrikesFile = Static<typeof StrikesSchema>;
const check = Compile(StrikesSchema);

/** Code that ran at this many deaths does not run again. */
const MOST_DEATHS = 2;
/** The latest deaths of all code, so that hashes of removed versions are forgotten with time. */
const MOST_KEPT = 100;

export interface RunningCode {
  /** `product/shop` */
  readonly module: string;
  readonly hash: string;
}

export interface Strikes {
  /** Why the code must not run; undefined when it may. */
  readonly problemOf: (hash: string) => string | undefined;
  /** Whether it ran at a death before. */
  readonly isSuspect: (hash: string) => boolean;
  /**
   * Recorded when it returns. Returns what ends it; calling that again changes nothing. Throws the system's error when
   * the file cannot be written.
   */
  enter(code: RunningCode): () => void;
  /** The daemon stops normally: code that still runs is not recorded any more. */
  close(): void;
}

export function strikesFile(stateDir: string): string {
  return join(stateDir, 'module-strikes.json');
}

/**
 * Counts the code that ran when the last daemon died. Must be called once, under the lock of the state folder, because
 * a living daemon has running code, too. `now`: RFC 3339.
 */
export function openStrikes(stateDir: string, bootId: string, now: string): Strikes {
  const file = strikesFile(stateDir);
  const before = read(file);
  const sameBoot = before.boot_id === bootId;
  const dead = new Map(before.running.map((code) => [code.hash, code]));
  const fresh = sameBoot ? [...dead.values()].map((code) => ({ ...code, at: now })) : [];
  const deaths = [...before.deaths, ...fresh].slice(-MOST_KEPT);
  const running = new Set<RunningCode>();
  let written = '';
  let isClosed = false;
  const write = (): void => {
    // one entry for each version, however many of its jobs run
    const codes = new Map([...running].map(({ module, hash }) => [hash, { module, hash }]));
    const content: StrikesFile = { schema: 1, boot_id: bootId, running: [...codes.values()], deaths };
    const text = `${JSON.stringify(content)}\n`;
    if (text === written) return;
    writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
    written = text;
  };
  if (before.running.length > 0) tolerantly(write);
  return {
    problemOf: (hash) => problemOf(deaths, hash),
    isSuspect: (hash) => deaths.some((death) => death.hash === hash),
    enter(code) {
      if (isClosed) return () => undefined;
      const entry = { ...code };
      running.add(entry);
      write();
      return () => {
        if (running.delete(entry)) tolerantly(write);
      };
    },
    close() {
      isClosed = true;
      running.clear();
      if (written !== '') tolerantly(write);
    },
  };
}

/** On a full disk an entry may stay after its end: at worst a later death is counted wrongly. */
function tolerantly(write: () => void): void {
  try {
    write();
  } catch {
    // writes of the state report the disk
  }
}

/** By hash, why that code must not run. Only reads; empty without a usable file. */
export function readStrikes(stateDir: string): ReadonlyMap<string, string> {
  const { deaths } = read(strikesFile(stateDir));
  const problems = deaths.map(({ hash }) => [hash, problemOf(deaths, hash)] as const);
  return new Map(problems.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

function problemOf(deaths: StrikesFile['deaths'], hash: string): string | undefined {
  const own = deaths.filter((death) => death.hash === hash);
  if (own.length < MOST_DEATHS) return undefined;
  const last = own.at(-1);
  return `the agent has died ${own.length} times while it ran, last before ${last?.at ?? '?'}: install another version of ${last?.module ?? 'it'}`;
}

function read(file: string): StrikesFile {
  const none: StrikesFile = { schema: 1, boot_id: '', running: [], deaths: [] };
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return check.Check(value) ? value : none;
  } catch {
    return none;
  }
}
