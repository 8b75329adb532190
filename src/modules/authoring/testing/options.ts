/** What a test says about the service and the systems around it. */
import type { JsonObject } from '../../../kernel/json.js';
import type { Part } from '../../../model/part.js';
import type { Plan } from '../../../model/plan.js';
import type { GuestView, ServiceView, SiteView } from '../../kit/context.js';
import type { ScriptCall, ScriptResult, SiteAnswerView, SiteRequestCall } from '../../kit/host-call-types.js';
import type { HttpRequest, HttpResponse, Text } from '../../kit/module-call-types.js';
import type { ServerView } from '../../kit/server-types.js';
import type { Answers } from './answer-types.js';
import type { TaskOptions } from '../../kit/task-types.js';

/** A task that the module has added. It does not run by itself. */
export interface FakeTask {
  readonly id: string;
  readonly method: string;
  readonly options: TaskOptions;
}

/** An event that the module has announced. */
export interface FakeEvent {
  readonly id: string;
  readonly word: string;
  readonly data: JsonObject;
}

/** A response of a simulated HTTP server. `json` is sent instead of `body`. The default status is 200. */
export type FakeHttpResponse = Partial<HttpResponse> & { readonly json?: unknown };

/** The clear text of a value that may be a reference to a secret. */
export type Reveal = (text: Text | undefined) => string;

export interface FakeOptions {
  /** The folder of the module (`import.meta.dirname`), for the texts in `lang` and the templates in `views`. */
  readonly folder?: string;
  readonly settings?: JsonObject;
  /** Fields of the plan that differ from a small plan. `data` is the product data. */
  readonly plan?: Partial<Plan>;
  /**
   * Fields of the server that differ from the server `web1`, for products that use servers. The texts of its
   * credentials are in `secrets`, for example as `server.token`.
   */
  readonly server?: Partial<ServerView>;
  /** The properties of the order. */
  readonly properties?: JsonObject;
  /** Fields of the service that differ from those of the service `12` of `alice@example.com`. */
  readonly service?: Partial<Omit<ServiceView, 'guest' | 'site'>> & {
    readonly guest?: Partial<GuestView>;
    readonly site?: Partial<SiteView>;
  };
  /** The parts that the service has. Default: those of the product that runs, or both. */
  readonly parts?: readonly Part[];
  /** Whether the container exists and runs at the beginning, with its site. Default: false. */
  readonly created?: boolean;
  /** Secrets that exist at the beginning. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Answers `context.http.request`. Without it, no server responds. */
  readonly http?: (request: HttpRequest, reveal: Reveal) => FakeHttpResponse | Promise<FakeHttpResponse>;
  /** Answers `context.site.fetch`. Without it, the site does not respond. */
  readonly site?: (request: SiteRequestCall) => SiteAnswerView | Promise<SiteAnswerView>;
  /** The output of `context.container.run`. Without it, every script succeeds without output. */
  readonly script?: (
    script: ScriptCall,
    reveal: Reveal,
  ) => Partial<ScriptResult> | undefined | Promise<Partial<ScriptResult> | undefined>;
  /** Replaces the answers to single calls, for example `{'services.get': () => null}`. */
  readonly answers?: Answers;
}
