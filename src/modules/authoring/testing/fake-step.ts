/** The context of a single step, for tests that call the steps and methods of a module one by one. */
import type { StepContext } from '../../kit/context.js';
import type { ScriptCall, SiteRequestCall } from '../../kit/host-call-types.js';
import { fakeService, type FakeService, type SeatOptions } from './fake-service.js';
import type { FakeOptions } from './options.js';

export interface FakeStepOptions extends FakeOptions, SeatOptions {}

export interface FakeStep {
  readonly context: StepContext;
  /** In order, in short form: `container.stop 30`. */
  readonly calls: readonly string[];
  readonly scripts: readonly ScriptCall[];
  readonly requests: readonly SiteRequestCall[];
  readonly slept: readonly number[];
  /** The service with everything that the step has changed. */
  readonly service: FakeService;
}

/**
 * The container of the service exists and runs, unless `created` is false.
 *
 * @example
 * const { context, scripts } = fakeStep({ settings: { port: 25565 } });
 * await new GameServer().flow('create')['install'].run(context);
 * assert.equal(scripts[0].name, 'game/install');
 */
export function fakeStep(options: FakeStepOptions = {}): FakeStep {
  const { args = {}, notes = {}, results = {} } = options;
  const service = fakeService({ created: true, ...options });
  return {
    context: service.context(undefined, { args, notes, results }),
    ...{ calls: service.calls, scripts: service.scripts, requests: service.requests },
    ...{ slept: service.slept, service },
  };
}
