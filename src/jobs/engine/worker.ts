/** Entry of one attempt's thread. */
import { giveWay } from './give-way.js';

// before the loading, which costs most
giveWay();
await import('./thread-main.js');
