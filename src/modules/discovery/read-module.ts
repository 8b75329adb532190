/**
 * Reads the declarations of a module in a separate process. In every case the result is either the declarations or the
 * reason why the module cannot be used.
 */
import { cleaned } from '../../kernel/text.js';
import {
  type AnswerLine,
  checkReadModule,
  MOST_ANSWER,
  type ReadModule,
  type ReadRequest,
} from './answer.js';
import { MOST_OUTPUT, type ReaderEnd, type ReadLimits, runReader } from './reader-process.js';

const HEAP_MB = 128;
/**
 * Limits for modules that are shipped with the agent. They usually load in a moment; the long time limit is for a very
 * busy machine.
 */
export const SHIPPED_LIMITS: ReadLimits = { withinMs: 60_000, heapMb: HEAP_MB };

/** Limits for modules of other authors. */
export function readLimits(timeoutS: number): ReadLimits {
  return { withinMs: timeoutS * 1000, heapMb: HEAP_MB };
}

/** The result of reading a module. `isLate` is true if reading took too long, possibly because the machine was busy. */
export type ReadEnd =
  | { readonly kind: 'read'; readonly module: ReadModule }
  | { readonly kind: 'unusable'; readonly problem: string; readonly isLate: boolean };

/** Exit code of Node when a top-level await can never be settled. */
const UNSETTLED = 13;
/**
 * Node aborts (SIGABRT) when its heap is full. If a shell has started Node, the shell reports this signal with this
 * exit code.
 */
const ABORTED = 134;

/** `reader`: path of the program that reads modules, in the build. */
export async function readModule(reader: string, request: ReadRequest, limits: ReadLimits): Promise<ReadEnd> {
  try {
    return judge(await runReader(reader, JSON.stringify(request), limits), limits);
  } catch (error) {
    return unusable(`no process could be started to read it: ${wordsOf(error)}`);
  }
}

function judge(end: ReaderEnd, limits: ReadLimits): ReadEnd {
  const lines = linesOf(end.answer);
  const refused = lines.find(({ kind }) => kind === 'unusable');
  if (refused?.kind === 'unusable') return unusable(cleaned(refused.problem));
  const why = whyCutOff(end, limits, lines.at(-1)?.kind === 'end');
  if (why !== undefined) return { ...unusable(why), isLate: end.isLate };
  const [read] = lines;
  try {
    return { kind: 'read', module: checkReadModule(read?.kind === 'read' ? read.module : undefined) };
  } catch (error) {
    return unusable(wordsOf(error));
  }
}

/** Why the process did not finish reading the module; undefined if it finished. */
export function whyCutOff(
  end: ReaderEnd,
  { withinMs, heapMb }: ReadLimits,
  hasEnded: boolean,
): string | undefined {
  const { code, signal, excess, isLate } = end;
  if (excess === 'output')
    return `it writes more than ${MOST_OUTPUT / 1024} KiB of output while it is loaded`;
  if (excess === 'declarations') return `its declarations are larger than ${MOST_ANSWER / 1024} KiB`;
  if (isLate) return `loading did not finish within ${withinMs / 1000} s`;
  if (hasEnded && code === 0) return undefined;
  if (code === UNSETTLED) return 'loading never finishes: nothing settles its top-level await';
  const said = cleaned(end.output);
  if (
    (signal === 'SIGABRT' || code === ABORTED) &&
    /heap|allocat|out of memory|invalid size/i.test(end.output)
  )
    return `loading it requires more than ${heapMb} MiB of heap`;
  const how = code === null ? `signal ${signal ?? '?'}` : `exit code ${code}`;
  return `its code ended the process that loaded it (${how})${said === '' ? '' : `: ${said}`}`;
}

/**
 * The lines that the process wrote. Invalid lines, for example incomplete ones or lines that module code wrote, are
 * dropped.
 */
export function linesOf(answer: string): AnswerLine[] {
  return answer.split('\n').flatMap((text): AnswerLine[] => {
    try {
      const line: unknown = JSON.parse(text);
      return isLine(line) ? [line] : [];
    } catch {
      return [];
    }
  });
}

function isLine(value: unknown): value is AnswerLine {
  if (typeof value !== 'object' || value === null) return false;
  const kind: unknown = Reflect.get(value, 'kind');
  if (kind === 'unusable') return typeof Reflect.get(value, 'problem') === 'string';
  return kind === 'read' || kind === 'checked' || kind === 'refused' || kind === 'end';
}

function unusable(problem: string): { kind: 'unusable'; problem: string; isLate: false } {
  return { kind: 'unusable', problem, isLate: false };
}

export function wordsOf(error: unknown): string {
  return cleaned(error instanceof Error ? error.message : String(error));
}
