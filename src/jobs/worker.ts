/** Entry of one attempt's worker thread. */
export {};
