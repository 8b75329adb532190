/** Ready answers to "how is this service": thousands of panels' pages ask every few seconds, and little changes between. */
import type { ServiceKey } from '../domain/service.js';
import type { ClusterView } from '../drivers/guest/driver.js';
import type { ServiceEntry } from '../state/contract.js';
import type { Caller } from './caller.js';
import type { Certificate } from './certificate.js';
import { type StatusFacts, statusFacts, statusNow, type StatusSources } from './read-status.js';

interface Ready {
  /** Replaced by the store at every change of the service. */
  readonly entry: ServiceEntry;
  readonly facts: StatusFacts;
  view: ClusterView | undefined;
  stale: number | undefined;
  certificate: Certificate | null;
  text: string;
}

export type StatusView = ReturnType<typeof statusNow>;

/** About 2 KB each; beyond, the one asked for first is made anew. */
const MOST = 50_000;

export interface StatusTexts {
  /** The text at once when the service's facts are in memory, else when its document has been read. Throws `service_not_found` or `state_damaged`. */
  read(caller: Pick<Caller, 'panel'>, id: string): string | Promise<string>;
}

/** `write` turns a view into the text that is answered. */
export function makeStatusTexts(sources: StatusSources, write: (view: StatusView) => string): StatusTexts {
  const { services } = sources.state;
  const ready = new Map<ServiceKey, Ready>();

  const textOf = (known: Ready): string => {
    const view = sources.watch.latest();
    const stale = sources.watch.staleSince();
    const certificate = sources.certificate();
    if (known.view !== view || known.stale !== stale || known.certificate !== certificate) {
      known.text = write(statusNow(sources, known.facts));
      Object.assign(known, { view, stale, certificate });
    }
    return known.text;
  };

  const make = async (key: ServiceKey, entry: ServiceEntry | undefined): Promise<string> => {
    const facts = statusFacts(sources, await services.get(key));
    const text = write(statusNow(sources, facts));
    // a change in between has made another entry: then the facts may be older than it
    if (entry === undefined || services.entry(key) !== entry) return text;
    const [first] = ready.keys();
    if (first !== undefined && ready.size >= MOST) ready.delete(first);
    const { watch } = sources;
    ready.set(key, {
      entry,
      facts,
      text,
      view: watch.latest(),
      stale: watch.staleSince(),
      certificate: sources.certificate(),
    });
    return text;
  };

  return {
    read({ panel }, id) {
      const key: ServiceKey = `${panel}/${id}`;
      const entry = services.entry(key);
      const known = ready.get(key);
      if (known !== undefined && known.entry === entry) return textOf(known);
      return make(key, entry);
    },
  };
}
