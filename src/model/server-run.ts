/** The runs of a product's code on a server that belong to no job. */

/** The kinds of runs, in the place of a kind of job. No module has the type `server`, so no action has these names. */
export const SERVER_RUNS = { test: 'module:server/run:test', inspect: 'module:server/run:inspect' } as const;

/** The result of a test of the connection to a server. */
export interface ServerTest {
  readonly connected: boolean;
  /** What the module says about the server; null if it says nothing, or if the test failed. */
  readonly message: string | null;
  /** Why the test failed, for operators; null if it did not. */
  readonly problem: string | null;
  readonly ms: number;
}
