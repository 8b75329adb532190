/** What a module's `conformance.js` says about the environment in which its jobs can run. */
import type { JsonObject } from '../../../kernel/json.js';
import type { Module } from '../../kit/module.js';
import type { CheckCall } from '../testing/carry-out.js';
import type { FakeRequestOptions } from '../testing/fake-request.js';

export interface Conformance extends FakeRequestOptions {
  /** Objects that exist at other systems, such as accounts. What a job leaves behind is found here. */
  readonly things?: () => readonly string[];
  /** The input of jobs and of actions, by their name, if the usual input does not fit. */
  readonly args?: Readonly<Record<string, JsonObject>>;
}

export interface Subject {
  readonly module: Module;
  readonly folder: string;
  /** Makes a new environment. */
  readonly make: () => Conformance;
  readonly check: CheckCall;
}
