/** Entry of a thread that waits for its only attempt. */
import { parentPort } from 'node:worker_threads';
// this import is three quarters of the code that a module imports, so a thread that is loaded in advance already has
// that code
import 'typebox';
import { carryOutOne } from './carry-out.js';

if (!parentPort) throw new Error('thread-main.ts must run in a worker thread');
const port = parentPort;
carryOutOne({
  say: (message) => port.postMessage(message),
  onMessage: (listener) => void port.on('message', listener),
  close: () => port.close(),
});
