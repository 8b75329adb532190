/** Entry of one attempt's thread. */
import { setPriority } from 'node:os';

// Linux knows threads apart: this one gives way to the main thread, which answers callers and writes the journal.
// Before the loading, which costs most.
setPriority(0, 5);
await import('./thread-main.js');
