/** File descriptors of the process that reads a module. Descriptors 1 and 2 are for the module's own output. */
export const REQUEST_FD = 3;
export const ANSWER_FD = 4;
/** The system closes this pipe when the daemon ends. */
export const PARENT_FD = 5;
