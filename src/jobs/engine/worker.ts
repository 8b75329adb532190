/** Entry of one attempt's thread. */
import { giveWay } from './give-way.js';

// the priority is lowered before the code is loaded, because loading takes most of the CPU time
giveWay();
await import('./thread-main.js');
