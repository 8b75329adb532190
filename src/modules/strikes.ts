/**
 * Records which module code was running when the daemon died. Before module code runs, the agent writes its name to
 * `module-strikes.json` in the state folder. After a death of the daemon, the next start finds in this file the code
 * that was running. Code that was running at two deaths does not run again.
 *
 * The file is written without an fsync, because it only has to outlive the daemon. If the machine was restarted, no
 * code is blamed. The file concerns this machine only, so exports omit it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { lazyCheck } from '../kernel/lazy-check.js';

const Module = { module: Type.String(), hash: Type.String() };
const StrikesSchema = Type.Object({
  schema: Type.Literal(1),
  /** The boot id of the machine when the file was written. */
  boot_id: Type.String(),
  /** The code that is running now. */
  running: Type.Array(Type.Object(Module)),
  /** One entry for each death of the daemon and each code that was running; `at` is RFC 3339. */
  deaths: Type.Array(Type.Object({ ...Module, at: Type.String() })),
});
type StrikesFile = Static<typeof StrikesSchema>;
const check = lazyCheck(StrikesSchema);

/** Code that was running at this many deaths does not run again. */
const MOST_DEATHS = 2;
/**
 * Maximum number of deaths that are kept. Older ones are dropped, so that the hashes of removed versions do not stay in
 * the file forever.
 */
const MOST_KEPT = 100;

export interface RunningCode {
  /** `product/shop` */
  readonly module: string;
  readonly hash: string;
}

export interface Strikes {
  /** Why the code with this hash must not run; undefined when it may run. */
  readonly problemOf: (hash: string) => string | undefined;
  /** Whether the code with this hash was running at an earlier death of the daemon. */
  readonly isSuspect: (hash: string) => boolean;
  /**
   * Records that this code is running. The record is in the file when the function returns. Returns a function that
   * removes the record; further calls of that function do nothing. Throws the system's error when the file cannot be
   * written.
   */
  enter(code: RunningCode): () => void;
  /**
   * Must be called when the daemon stops normally. Removes all records of running code. Code that still runs is not
   * recorded any more.
   */
  close(): void;
}

export function strikesFile(stateDir: string): string {
  return join(stateDir, 'module-strikes.json');
}

/**
 * Reads the file and adds a death for the code that was running when the last daemon died. Must be called once, under
 * the lock of the state folder. Without the lock, the running code of another living daemon would be blamed. `now`: RFC
 * 3339.
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
    // one entry for each version, even if several jobs run its code
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

/**
 * Ignores an error of a write. If the disk is full, the record of code that has ended may stay in the file. In the
 * worst case, this code is blamed for a later death.
 */
function tolerantly(write: () => void): void {
  try {
    write();
  } catch {
    // other writes to the state folder report the problem with the disk
  }
}

/**
 * Maps the hash of code that must not run to the reason. Does not change the file. The result is empty if there is no
 * usable file.
 */
export function readStrikes(stateDir: string): ReadonlyMap<string, string> {
  const { deaths } = read(strikesFile(stateDir));
  const problems = deaths.map(({ hash }) => [hash, problemOf(deaths, hash)] as const);
  return new Map(problems.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

function problemOf(deaths: StrikesFile['deaths'], hash: string): string | undefined {
  const own = deaths.filter((death) => death.hash === hash);
  if (own.length < MOST_DEATHS) return undefined;
  const last = own.at(-1);
  const [at, module] = [last?.at ?? '?', last?.module ?? 'the module'];
  return (
    `the agent crashed ${own.length} times while this module ran, most recently before ${at}: ` +
    `install a different version of ${module}`
  );
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
