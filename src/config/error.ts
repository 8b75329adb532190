/** The error for an invalid configuration: all problems in one message. */

export interface ConfigProblem {
  /** Path of the key, for example `container_host.proxmox.urls`; empty for the file as a whole. */
  readonly key: string;
  /** What was found and what is expected; never a secret's value. */
  readonly problem: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, problem }) => `  ${key === '' ? problem : `${key}: ${problem}`}`);
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(`The configuration is invalid: ${count} in ${file}\n${lines.join('\n')}`);
    this.file = file;
    this.problems = problems;
  }
}
