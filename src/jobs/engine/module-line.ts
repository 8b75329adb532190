/** Prepares the log lines of module code for the log: without secrets, which requests and responses may contain. */
import type { JsonObject } from '../../kernel/json.js';
import { redacted } from '../../kernel/redact.js';
import { detailOf, withoutSecrets } from '../../kernel/text.js';
import type { Job } from '../../model/job.js';
import type { LogLine } from './log-ration.js';

/** Called with a line that is redacted, and with the fields that name the job and its subject. */
export type ModuleLogged = (
  module: Job['pinned']['module'],
  line: LogLine,
  about: Readonly<Record<string, string>>,
) => void;

export function cleanLine(line: LogLine): LogLine {
  return {
    ...line,
    message: detailOf(withoutSecrets(line.message)),
    // the copy of an object is an object
    fields: redacted(line.fields) as JsonObject,
  };
}
