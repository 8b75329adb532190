/** Descriptors of the process that reads a module; 1 and 2 are the module's to write to. */
export const REQUEST_FD = 3;
export const ANSWER_FD = 4;
/** Closed when the daemon is gone. */
export const PARENT_FD = 5;
