/**
 * Entry of the process that runs the migrations of one module. It gets chunks of documents and returns their new data.
 * It ends when the daemon closes the connection or ends.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { readFrames, writeFrame } from '../../jobs/engine/frames.js';
import { importModule } from '../../jobs/engine/import-module.js';
import type { FromMigrator, ToMigrator } from './migration-messages.js';
import { migrateChunk } from './migrate-chunk.js';

/** The descriptor that the daemon opened (`jobs/engine/processes.ts`). */
const PIPE = 3;
const BOUNDS = { longest: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY };

try {
  // asks the kernel to kill this process before the daemon if memory runs short
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // this system does not have the file
}
// the thread must not keep the process alive
new Worker(new URL('../discovery/parent-watch.js', import.meta.url)).unref();

serve(new Socket({ fd: PIPE, readable: true, writable: true }));

function serve(socket: Socket): void {
  const say = (message: FromMigrator): void => writeFrame(socket, message);
  // the messages need no check, because only the daemon writes to this socket
  const onMessage = (message: unknown): void => void answer(message as ToMigrator).then(say);
  readFrames(socket, { onMessage, onProblem: () => process.exit(1) }, BOUNDS);
  socket.on('end', () => process.exit(0));
}

/** Never rejects. */
async function answer({ id, path, ...chunk }: ToMigrator): Promise<FromMigrator> {
  try {
    return { id, data: await migrateChunk(await importModule(path), chunk) };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}
