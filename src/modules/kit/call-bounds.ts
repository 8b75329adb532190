/**
 * Limits for the data that module code may send. The shell around the module enforces them, so that too much data does
 * not reach the main thread. The main thread enforces them again, because module code can bypass the shell.
 */
import type { HostCallName } from './host-calls.js';

const KIB = 1024;

/** Maximum sizes in bytes, as JSON, unless stated otherwise. */
export const CALL_BOUNDS = {
  /** The names and dependencies of the steps. */
  flow: 256 * KIB,
  /** Limit for one note, and also for all notes of one step together. */
  note: 16 * KIB,
  /** Limit for one change of a service's data, and also for the data as a whole. */
  data: 64 * KIB,
  /** The result of a step. */
  result: 64 * KIB,
  /** Arguments of any other call. */
  call: 64 * KIB,
  /** One document of a collection with its key. */
  document: 68 * KIB,
  /** Documents that are inserted together. */
  documents: 512 * KIB,
  /** A script with its values, an HTTP request with its body, a message, or the parts of a digest. */
  script: 512 * KIB,
  /** A value of the module's cache with its key and tags. */
  cached: 256 * KIB,
  /** Limit for the text of one log line, and also for its fields. */
  logLine: 4 * KIB,
  logLinesPerS: 50,
  /** Maximum number of pending calls of one attempt. Further calls wait in the shell. */
  atOnce: 32,
  /** Maximum number of calls that wait in the shell. Further calls are refused. */
  waiting: 1_000,
} as const;

const BYTES: Readonly<Partial<Record<HostCallName, number>>> = {
  'container.run': CALL_BOUNDS.script,
  'data.save': CALL_BOUNDS.data,
  'collections.create': CALL_BOUNDS.document,
  'collections.update': CALL_BOUNDS.document,
  'collections.insertMany': CALL_BOUNDS.documents,
  'cache.put': CALL_BOUNDS.cached,
  'http.request': CALL_BOUNDS.script,
  'mail.send': CALL_BOUNDS.script,
  'crypto.digest': CALL_BOUNDS.script,
  'crypto.hmac': CALL_BOUNDS.script,
  'crypto.verify': CALL_BOUNDS.script,
};

export function mostBytesOf(name: HostCallName): number {
  return (Object.hasOwn(BYTES, name) ? BYTES[name] : undefined) ?? CALL_BOUNDS.call;
}
