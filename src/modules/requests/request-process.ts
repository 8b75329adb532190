/** A process that handles the requests of one module, one at a time. */
import { openProcess, type ProcessOptions } from '../../jobs/engine/processes.js';
import type { RequestCall, ToRequestProcess } from './messages.js';
import { type RequestHooks, type RunningRequest, runningRequest } from './running-request.js';

export interface RequestProcess {
  /** The request before must have ended. */
  run(call: RequestCall, hooks: RequestHooks): RunningRequest;
  readonly gone: Promise<Error | undefined>;
  terminate(): Promise<void>;
}

/** Throws the error of the system if no process can be started. */
export async function openRequestProcess(options: ProcessOptions): Promise<RequestProcess> {
  let current: RunningRequest | undefined;
  // messages of code that still runs after the end of its request have no receiver
  const child = await openProcess<ToRequestProcess>(options, (message) => current?.take(message));
  const gone = child.gone.then((error) => {
    current?.died(error?.message ?? 'its process ended without a reply');
    return error;
  });
  return {
    gone,
    run(call, hooks) {
      const connection = {
        send: (message: ToRequestProcess) => child.send(message),
        end: () => void child.terminate(),
      };
      const running = runningRequest(connection, hooks);
      current = running;
      void running.ended.then(() => {
        if (current === running) current = undefined;
      });
      child.send({ kind: 'request', call });
      return running;
    },
    terminate: () => child.terminate(),
  };
}
