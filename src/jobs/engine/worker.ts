/** Entry of one attempt's thread. */
import { giveWay } from './give-way.js';

// before loading, which takes most of the CPU time
giveWay();
await import('./thread-main.js');
