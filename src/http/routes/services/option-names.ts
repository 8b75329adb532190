/** Warns only about names that resemble an option of the plan, because other properties may belong to the product. */
import type { FastifyRequest } from 'fastify';
import type { JsonObject } from '../../../kernel/json.js';
import { OPTION_NAMES } from '../../../model/plan-option.js';
import { misspelt, warn } from '../../server/unknown-fields.js';

export function warnOfOptions(request: FastifyRequest, properties: JsonObject | undefined): void {
  const names = Object.keys(properties ?? {});
  warn(request, ...misspelt(names, OPTION_NAMES).map((sentence) => `properties.${sentence}`));
}
