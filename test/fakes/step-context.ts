/** The context that module code sees, with an own little site behind it; remembers every call. */
import { AgentError } from '../../src/kernel/errors.js';
import type { JsonObject } from '../../src/kernel/json.js';
import type { GuestView, ServiceView, SiteView, StepContext } from '../../src/modules/kit/context.js';
import type { ScriptCall, SiteAnswerView, SiteRequestCall } from '../../src/modules/kit/values.js';
import { basicPlan } from './samples.js';

export interface FakeStep {
  readonly context: StepContext;
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
}

export function fakeStep(options: FakeStepOptions): FakeStep {
  const { settings = {}, properties = {}, site, args = {}, notes = {}, results = {} } = options;
  const { guest: guestPart, site: sitePart, ...rest } = options.service ?? {};
  const calls: string[] = [];
  const scripts: ScriptCall[] = [];
  const requests: SiteRequestCall[] = [];
  const slept: number[] = [];
  const say = async (name: string): Promise<void> => void calls.push(name);
  const guest = { vmid: 101, node: 'pve1' };
  const context: StepContext = {
    service: {
      panel: 'default',
      id: '12',
      generation: 1,
      email: 'alice@example.com',
      locale: null,
      guest: { addresses: ['10.0.0.5'], power: null, snapshots: [], ...guestPart },
      site: {
        subdomain: 'alice',
        fqdn: 'alice.sites.example.net',
        url: 'https://alice.sites.example.net',
        names: ['alice.sites.example.net'],
        proxyEnabled: true,
        ...sitePart,
      },
      publicIps: ['192.0.2.1'],
      plan: basicPlan,
      data: {},
      properties,
      suspendedFor: [],
      ...rest,
    },
    settings,
    args,
    step: 'test',
    notes,
    results,
    signal: new AbortController().signal,
    note: async () => {},
    sleep: async (ms) => void slept.push(ms),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    container: {
      async allocate(source) {
        await say(`allocate ${source.kind}`);
        return guest;
      },
      async ensure(source) {
        await say(`ensure ${source.kind} ${source.template ?? ''}`.trim());
        return guest;
      },
      start: () => say('start'),
      async run(script) {
        scripts.push(script);
        await say(`run ${script.name}`);
        return { stdout: '', stderr: '' };
      },
      snapshot: (name) => say(`snapshot ${name}`),
      stop: (graceS) => say(`stop ${graceS}`),
      resize: ({ plan, disk }) => say(`resize ${plan}${disk ? ' disk' : ''}`),
      converge: (source) => say(`converge ${source.kind}`),
      unsnapshot: (name) => say(`unsnapshot ${name}`),
      rollback: (name) => say(`rollback ${name}`),
      look: async () => ({ power: 'running', diskGb: 20 }),
      remove: () => say('container.remove'),
    },
    ha: { ensure: () => say('ha.ensure'), remove: () => say('ha.remove') },
    checkPlan: () => say('checkPlan'),
    dns: { ensure: () => say('dns.ensure'), remove: () => say('dns.remove') },
    proxy: {
      ensure: ({ state, port }) => say(`proxy.ensure ${state} ${port}`),
      remove: () => say('proxy.remove'),
    },
    site: {
      async fetch(request) {
        requests.push(request);
        if (!site) throw new AgentError('site_unreachable', 'The site does not answer.');
        return site(request);
      },
    },
    secrets: { ensure: async (name) => ({ secret: name }) },
    saveData: async () => {},
  };
  return { context, calls, scripts, requests, slept };
}
