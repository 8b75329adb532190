/**
 * The context that module code sees, with an own little site behind it; remembers every call. The calls are those of
 * `host-calls.ts`: a new one needs nothing here.
 */
import { AgentError } from '../../src/kernel/errors.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { stepContext } from '../../src/jobs/engine/step-context.js';
import type { GuestView, ServiceView, SiteView, StepContext } from '../../src/modules/kit/context.js';
import type { HostCallAnswer, HostCallArgs, HostCallName } from '../../src/modules/kit/host-calls.js';
import type { ScriptCall, SiteAnswerView, SiteRequestCall } from '../../src/modules/kit/host-call-types.js';
import { basicPlan } from './samples.js';

/** What a call answers, for calls whose answer a step reads; may throw or reject. */
export type Answers = {
  readonly [N in HostCallName]?: (...args: HostCallArgs<N>) => HostCallAnswer<N> | Promise<HostCallAnswer<N>>;
};

export interface FakeStep {
  readonly context: StepContext;
  /** In order: `container.stop 30`. */
  readonly calls: string[];
  readonly scripts: ScriptCall[];
  readonly requests: SiteRequestCall[];
  readonly slept: number[];
}

export interface FakeStepOptions {
  readonly settings?: JsonObject;
  readonly properties?: JsonObject;
  readonly service?: Partial<Omit<ServiceView, 'guest' | 'site'>> & {
    readonly guest?: Partial<GuestView>;
    readonly site?: Partial<SiteView>;
  };
  readonly args?: JsonObject;
  readonly notes?: JsonObject;
  readonly results?: JsonObject;
  readonly site?: (request: SiteRequestCall) => SiteAnswerView;
  readonly answers?: Answers;
}

export function fakeStep(options: FakeStepOptions): FakeStep {
  const { settings = {}, properties = {}, args = {}, notes = {}, results = {} } = options;
  const calls: string[] = [];
  const scripts: ScriptCall[] = [];
  const requests: SiteRequestCall[] = [];
  const slept: number[] = [];
  const answers = { ...usualAnswers(options, scripts, requests), ...options.answers };
  const { signal } = new AbortController();
  const context = stepContext(
    {
      ...{ jobId: 'job-1', modulePath: '/module.js', method: 'create', direction: 'forward' },
      ...{ subject: viewOf(options.service ?? {}, properties), settings, args, undo: [], steps: [] },
      plan: basicPlan,
    },
    { step: 'test', notes, results, signal },
    {
      journal: async () => null,
      log: () => {},
      async ask(_step, name, given) {
        calls.push([name, ...given.map(brief)].join(' '));
        // each function matches its own name, see `carryOut`
        const answer = answers[name] as ((...args: readonly unknown[]) => unknown) | undefined;
        return answer?.(...given);
      },
    },
    (key) => key,
  );
  const sleep = async (ms: number): Promise<void> => void slept.push(ms);
  return { context: { ...context, sleep }, calls, scripts, requests, slept };
}

function usualAnswers(
  { site }: FakeStepOptions,
  scripts: ScriptCall[],
  requests: SiteRequestCall[],
): Answers {
  const place = { vmid: 101, node: 'pve1' };
  return {
    'container.allocate': () => place,
    'container.ensure': () => place,
    'container.look': () => ({ power: 'running', diskGb: 20 }),
    'container.run'(script) {
      scripts.push(script);
      return { stdout: '', stderr: '' };
    },
    'secrets.ensure': (name) => ({ secret: name }),
    'secrets.put': (name) => ({ secret: name }),
    'secrets.password': ({ name = 'password' } = {}) => ({ secret: name }),
    'site.fetch'(request) {
      requests.push(request);
      if (!site) throw new AgentError('site_unreachable', 'The site does not answer.');
      return site(request);
    },
  };
}

/** The name of what has one, else its words, numbers and the names of what is true. */
function brief(arg: unknown): string {
  if (typeof arg !== 'object' || arg === null) return String(arg);
  const fields = Object.entries(arg) as [string, unknown][];
  const name = fields.find(([key]) => key === 'name')?.[1];
  if (typeof name === 'string') return name;
  return fields
    .flatMap(([key, value]) => {
      if (value === true) return [key];
      return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
    })
    .join(' ');
}

function viewOf(
  { guest, site, ...rest }: NonNullable<FakeStepOptions['service']>,
  properties: JsonObject,
): ServiceView {
  return {
    panel: 'default',
    id: '12',
    generation: 1,
    email: 'alice@example.com',
    locale: null,
    guest: { addresses: ['10.0.0.5'], power: null, snapshots: [], ...guest },
    site: {
      subdomain: 'alice',
      fqdn: 'alice.sites.example.net',
      url: 'https://alice.sites.example.net',
      names: ['alice.sites.example.net'],
      proxyEnabled: true,
      ...site,
    },
    publicIps: ['192.0.2.1'],
    plan: basicPlan,
    data: {},
    properties,
    suspendedFor: [],
    ...rest,
  };
}
