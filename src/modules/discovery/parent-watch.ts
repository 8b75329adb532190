/**
 * Entry of a thread that runs next to the module's code, and ends the process when the daemon is gone. A daemon that
 * is killed cannot end it, and a module that loops would run forever.
 */
import { Socket } from 'node:net';
import { PARENT_FD } from './descriptors.js';

const end = (): void => void process.kill(process.pid, 'SIGKILL');
new Socket({ fd: PARENT_FD }).on('error', end).on('close', end).resume();
