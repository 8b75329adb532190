/** Entry of a thread that waits for its only attempt. */
import { parentPort } from 'node:worker_threads';
// loads most of the code (three quarters) that a module will import, so that a thread that was started in advance has
// less to load when it gets its attempt
import 'typebox';
import { carryOut } from './carry-out.js';

if (!parentPort) throw new Error('thread-main.ts must run in a worker thread');
const port = parentPort;
carryOut({
  say: (message) => port.postMessage(message),
  onMessage: (listener) => void port.on('message', listener),
  close: () => port.close(),
});
