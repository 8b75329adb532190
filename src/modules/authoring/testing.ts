/** What the tests of authors import as `innkeeper/module/testing`. */
export { fakeRequest } from './testing/fake-request.js';
export { fakeService } from './testing/fake-service.js';
export { fakeStep } from './testing/fake-step.js';

export type { Answers, AnswerTable } from './testing/answer-types.js';
export type { MadeCall } from './testing/carry-out.js';
export type { FakeJob } from './testing/fake-job.js';
export type { FakeStepRecord } from './testing/fake-journal.js';
export type { FakeRequest, FakeRequestOptions } from './testing/fake-request.js';
export type { FakeLogLine, FakeService, RunOptions, SeatOptions } from './testing/fake-service.js';
export type { FakeHttpResponse, FakeOptions, Reveal } from './testing/options.js';
export type { FakeStep, FakeStepOptions } from './testing/fake-step.js';
