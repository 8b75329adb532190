/**
 * Entry of a thread that runs next to the module's code and ends the process when the daemon has ended. The thread is
 * needed because a daemon that is killed cannot end the process itself, and a module in an endless loop would then run
 * forever.
 */
import { Socket } from 'node:net';
import { PARENT_FD } from './descriptors.js';

const end = (): void => void process.kill(process.pid, 'SIGKILL');
new Socket({ fd: PARENT_FD }).on('error', end).on('close', end).resume();
