/** Entry of a process that runs one attempt of another author's module, and ends with the attempt or the daemon. */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { carryOutOne } from './carry-out.js';
import { readFrames, writeFrame } from './frames.js';
import { giveWay } from './give-way.js';
import type { ToWorker } from './protocol.js';

/** The descriptor that the daemon opened (`processes.ts`). */
const PIPE = 3;
/** Messages of the daemon are trusted. */
const BOUNDS = { longest: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY };

giveWay();
diesFirst();
// must not keep the process alive
new Worker(new URL('../../modules/discovery/parent-watch.js', import.meta.url)).unref();
serve(new Socket({ fd: PIPE, readable: true, writable: true }));

function serve(socket: Socket): void {
  carryOutOne({
    say: (message) => writeFrame(socket, message),
    onMessage: (listener) =>
      readFrames(
        socket,
        // only the daemon writes to it
        { onMessage: (message) => listener(message as ToWorker), onProblem: (problem) => end(problem) },
        BOUNDS,
      ),
    close: () => socket.end(() => process.exit(0)),
  });
  socket.on('end', () => process.exit(0));
}

function end(problem: string): never {
  console.error(problem);
  process.exit(1);
}

/** If memory runs short, the kernel ends this process first, and not the daemon. */
function diesFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // not on this system
  }
}
