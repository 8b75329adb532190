/** The lines of the conformance suite, in the order in which they are printed. */

export const CHECK_LINES = {
  structure: 'the folder is <type>/<name>, and contains module.js and only files that the agent accepts',
  name: 'no shipped module has the name',
  imports: 'the code imports only innkeeper/module, built-in modules of Node, and files of its own folder',
  declarations: 'the agent can read the module, and what it declares is complete',
  data: 'the settings and data of conformance.js match the schemas',
  texts: 'English and another language have the same texts, and every text that the code uses',
  views: 'views escape what they show',
  readme: 'README.md says what the module does',
  changelog: 'CHANGELOG.md has an entry for the version',
  version: 'files that changed since they were packed have a new version',
  abilities: 'every ability has a flow, which needs no part that the product lacks',
  completes: 'every job completes',
  repeated: 'every step can run again',
  failed: 'a job that fails at any call is undone without leftovers, or can be continued',
  undone: 'a completed job can be undone, and an undo can be repeated',
  killed: 'a job that is killed at any call can be continued, and undone',
  secrets: 'no secret is in data, notes, results, logs, errors or calls',
} as const;

export type CheckLine = keyof typeof CHECK_LINES;

/** A reason why the module does not pass a line. */
export interface Finding {
  readonly line: CheckLine;
  readonly problem: string;
}

/** The lines that only run if the module can be loaded. */
export const LINES_OF_RUNS: readonly CheckLine[] = [
  ...(['abilities', 'completes', 'repeated', 'failed', 'undone', 'killed', 'secrets'] as const),
];
