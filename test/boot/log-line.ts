/** Says one line on its standard output, as the daemon does. */
import { openLog } from '../../src/boot/log.js';

openLog({ level: 'info', format: 'auto' }, process.stdout).warn('hello');
