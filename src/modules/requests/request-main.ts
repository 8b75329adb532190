/**
 * Entry of a process that handles the requests of one module, one at a time. It ends when the daemon closes the
 * connection or ends.
 */
import { writeFileSync } from 'node:fs';
import { exit } from 'node:process';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { readFrames, writeFrame } from '../../jobs/engine/frames.js';
import { giveWay } from '../../jobs/engine/give-way.js';
import { numbers } from '../../jobs/engine/shell.js';
import { handleCall, moduleLoader, type RunningCall } from './handle-call.js';
import type { ToRequestProcess } from './messages.js';

/** The descriptor that the daemon opened (`jobs/engine/processes.ts`). */
const PIPE = 3;
/** Messages from the daemon are trusted, so their size and number are not limited. */
const BOUNDS = { longest: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY };

giveWay();
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
  const around = { nextId: numbers(), load: moduleLoader() };
  let running: RunningCall | undefined;
  // the messages need no check, because only the daemon writes to this socket
  const onMessage = (message: ToRequestProcess): void => {
    if (message.kind === 'request')
      running = handleCall(message.call, { ...around, say: (said) => writeFrame(socket, said) });
    else running?.take(message);
  };
  readFrames(
    socket,
    { onMessage: (message) => onMessage(message as ToRequestProcess), onProblem: () => exit(1) },
    BOUNDS,
  );
  socket.on('end', () => exit(0));
}
