/**
 * The mark that the agent puts on every object that it creates. The agent never changes an object without this mark.
 */

export interface Mark {
  /** This agent's id, from the config (`agent.id`). */
  readonly agent: string;
  readonly panel: string;
  readonly service: string;
  readonly generation: number;
}

/** Stands in place of the panel in the marks of golden templates. */
const TEMPLATES = 'templates';

/** All golden templates of a product have the same mark, so that an interrupted build is found again. */
export function templateMark(agent: string, product: string): Mark {
  return { agent, panel: TEMPLATES, service: product, generation: 1 };
}

/**
 * True for a golden template and for a container that is being built into one. Such a container belongs to no service,
 * and the agent's state has no record of it.
 */
export const isOfTemplate = ({ panel }: Mark): boolean => panel === TEMPLATES;

const PREFIX = 'innkeeper:';
const PATTERN =
  /(?<![A-Za-z0-9._/:-])innkeeper:([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/(\d{1,9})(?![A-Za-z0-9._/-])/;

/**
 * `innkeeper:<agent>/<panel>/<service>/<generation>`, as it stands in a container's description, a DNS record's comment
 * or a proxy record.
 */
export function formatMark(mark: Mark): string {
  return `${PREFIX}${mark.agent}/${mark.panel}/${mark.service}/${mark.generation}`;
}

/** Finds the first mark in a text that may contain other words. */
export function findMark(text: string | null | undefined): Mark | undefined {
  const found = PATTERN.exec(text ?? '');
  if (!found) return undefined;
  const [, agent = '', panel = '', service = '', generation = '0'] = found;
  return { agent, panel, service, generation: Number(generation) };
}

/** True when the text is a mark and nothing else. False for a person's note that mentions a mark. */
export function isMarkAlone(text: string | null | undefined): boolean {
  const mark = findMark(text);
  return mark !== undefined && (text ?? '').trim() === formatMark(mark);
}

export function sameMark(a: Mark | undefined, b: Mark | undefined): boolean {
  return a !== undefined && b !== undefined && formatMark(a) === formatMark(b);
}
