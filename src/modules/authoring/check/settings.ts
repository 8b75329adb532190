/** Whether what the module declares is complete, beyond what the agent requires. */
import type { JsonObject } from '../../../kernel/json.js';
import { isFields } from '../../../kernel/is-fields.js';
import type { Declarations } from '../../kit/declarations.js';
import type { Finding } from './lines.js';

export function settingsFindings({ info, settingsSchema }: Declarations): Finding[] {
  const problems: string[] = [];
  for (const field of ['title', 'description', 'author'] as const)
    if (info[field].trim() === '') problems.push(`info.${field} is empty`);
  if (settingsSchema['additionalProperties'] !== false)
    problems.push('settings must have `additionalProperties: false`, so that a misspelt setting is noticed');
  for (const [name, field] of Object.entries(fieldsOf(settingsSchema)))
    if (!isFields(field) || typeof field['description'] !== 'string' || field['description'].trim() === '')
      problems.push(`the setting "${name}" has no description`);
  return problems.map((problem) => ({ line: 'declarations', problem }));
}

function fieldsOf(schema: JsonObject): Record<string, unknown> {
  const { properties } = schema;
  return isFields(properties) ? properties : {};
}
