/** Entry of a process that runs one attempt of another author's module, and ends with the attempt or the daemon. */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { carryOut } from './carry-out.js';
import { readFrames, writeFrame } from './frames.js';
import { giveWay } from './give-way.js';
import type { ToWorker } from './protocol.js';

/** The descriptor that the daemon opened (`processes.ts`). */
const PIPE = 3;
/** Messages from the daemon are trusted, so their size and number are not limited. */
const BOUNDS = { longest: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY };

giveWay();
diesFirst();
// the thread must not keep the process alive
new Worker(new URL('../../modules/discovery/parent-watch.js', import.meta.url)).unref();
serve(new Socket({ fd: PIPE, readable: true, writable: true }));

function serve(socket: Socket): void {
  carryOut({
    say: (message) => writeFrame(socket, message),
    onMessage: (listener) =>
      readFrames(
        socket,
        // the message needs no check, because only the daemon writes to this socket
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

/** Asks the kernel to kill this process before the daemon if memory runs short. */
function diesFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // this system does not have the file
  }
}
