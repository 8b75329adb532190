/** The documents of the state, read once for all checks. */
import { stat } from 'node:fs/promises';
import { findStateKeys } from '../state/keys/state-key.js';
import { type Verified, verifyFolder, verifyStream } from '../state/transfer/verify.js';
import type { DoctorParts } from './parts.js';

export interface Documents {
  /** Returns undefined if there is no state folder. Rejects if the state cannot be read. */
  readonly read: () => Promise<Verified | undefined>;
  /** Reads the documents again, now. */
  readonly readAgain: () => Promise<Verified | undefined>;
}

export function documentsOf(parts: Pick<DoctorParts, 'config' | 'daemon'>): Documents {
  let first: Promise<Verified | undefined> | undefined;
  return {
    read: () => (first ??= look(parts)),
    readAgain: () => look(parts),
  };
}

/** Reads through the daemon if it is running, because only the daemon can provide a consistent snapshot. */
async function look({
  config,
  daemon,
}: Pick<DoctorParts, 'config' | 'daemon'>): Promise<Verified | undefined> {
  const keys = await findStateKeys(config);
  const running = await daemon.export();
  if (running) return verifyStream(running, keys);
  const there = await stat(config.agent.state_dir).catch(() => undefined);
  return there ? verifyFolder(config.agent.state_dir, keys) : undefined;
}
