/** The context that module code sees, as authors get it for their tests, with the plan of our other samples. */
import {
  fakeStep as authorsFake,
  type FakeStep,
  type FakeStepOptions,
} from '../../src/modules/authoring/testing/fake-step.js';
import { basicPlan } from './samples.js';

export type { FakeStep, FakeStepOptions };

export function fakeStep(options: FakeStepOptions): FakeStep {
  return authorsFake({ ...options, plan: { ...basicPlan, ...options.plan } });
}
