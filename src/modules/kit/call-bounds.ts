/**
 * How much module code may send. The shell around the module enforces the bounds so that a flood stays on its side, and
 * the main thread enforces them again, because module code can bypass the shell.
 */
import type { HostCallName } from './host-calls.js';

const KIB = 1024;

/** Bytes as JSON, unless stated otherwise. */
export const CALL_BOUNDS = {
  /** The names and dependencies of the steps. */
  flow: 256 * KIB,
  /** One note, and all notes of one step together. */
  note: 16 * KIB,
  /** One change of the data of a service, and the data as a whole. */
  data: 64 * KIB,
  /** The result of a step. */
  result: 64 * KIB,
  /** Arguments of any other call. */
  call: 64 * KIB,
  /** A script with its values. */
  script: 512 * KIB,
  /** The text of one log line, and its fields. */
  logLine: 4 * KIB,
  logLinesPerS: 50,
  /** Pending calls of one attempt; further calls wait in the shell. */
  atOnce: 32,
  /** Calls that wait in the shell; further calls are refused. */
  waiting: 1_000,
} as const;

export function mostBytesOf(name: HostCallName): number {
  if (name === 'container.run') return CALL_BOUNDS.script;
  return name === 'data.save' ? CALL_BOUNDS.data : CALL_BOUNDS.call;
}
