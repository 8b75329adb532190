/** Says one line on its standard output, as the daemon does. */
import { openLog } from '../../src/boot/log.js';

const log = await openLog({ level: 'info', format: 'auto' }, process.stdout);
log.warn('hello');
