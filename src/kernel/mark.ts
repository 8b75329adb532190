/** The mark that everything we make carries, so that nothing of anybody else's is ever changed. */

export interface Mark {
  /** This agent's id, from the config (`agent.id`). */
  readonly agent: string;
  readonly panel: string;
  readonly service: string;
  readonly generation: number;
}

/** Stands in the place of a panel in the marks of golden templates. */
const TEMPLATES = 'templates';

/** One for all golden templates of a product, so that an interrupted build is found again. */
export function templateMark(agent: string, product: string): Mark {
  return { agent, panel: TEMPLATES, service: product, generation: 1 };
}

/** Of a golden template, or of the container that becomes one: no service has it, and the state does not know it. */
export const isOfTemplate = ({ panel }: Mark): boolean => panel === TEMPLATES;

const PREFIX = 'innkeeper:';
const PATTERN =
  /(?<![A-Za-z0-9._/:-])innkeeper:([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._-]+)\/(\d{1,9})(?![A-Za-z0-9._/-])/;

/**
 * `innkeeper:<agent>/<panel>/<service>/<generation>`: stands in a container's description, a DNS record's comment, a
 * proxy record.
 */
export function formatMark(mark: Mark): string {
  return `${PREFIX}${mark.agent}/${mark.panel}/${mark.service}/${mark.generation}`;
}

/** Finds the first mark in a text that may hold other words too. */
export function findMark(text: string | null | undefined): Mark | undefined {
  const found = PATTERN.exec(text ?? '');
  if (!found) return undefined;
  const [, agent = '', panel = '', service = '', generation = '0'] = found;
  return { agent, panel, service, generation: Number(generation) };
}

/** The text holds a mark and nothing else: a note of somebody's that only mentions one is no mark. */
export function isMarkAlone(text: string | null | undefined): boolean {
  const mark = findMark(text);
  return mark !== undefined && (text ?? '').trim() === formatMark(mark);
}

export function sameMark(a: Mark | undefined, b: Mark | undefined): boolean {
  return a !== undefined && b !== undefined && formatMark(a) === formatMark(b);
}
