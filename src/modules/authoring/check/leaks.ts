/** Finds secrets of the service in everything that a module writes. */
import { toRecord } from '../../../kernel/errors.js';
import type { FakeJob } from '../testing/fake-job.js';
import type { FakeService } from '../testing/fake-service.js';

/** Shorter texts occur by accident. */
const SHORTEST = 6;

/** One sentence for each place that contains a secret. The sentences do not contain the secrets. */
export function leaks(service: FakeService, job?: FakeJob): string[] {
  const secrets = service.secretNames
    .map((name) => ({ name, text: service.reveal({ secret: name }) }))
    .filter(({ text }) => text.length >= SHORTEST);
  return placesOf(service, job).flatMap(([place, value]) => {
    const written = JSON.stringify(value ?? null);
    return secrets
      .filter(({ text }) => written.includes(JSON.stringify(text).slice(1, -1)))
      .map(({ name }) => `the secret "${name}" is in ${place}`);
  });
}

function placesOf(service: FakeService, job: FakeJob | undefined): [string, unknown][] {
  const { data, logs, alerts, mails, made } = service;
  const steps = job?.steps ?? [];
  return [
    ['the data of the service', data],
    ['the log', logs],
    ['an alert', [...alerts.values()]],
    ['a message', mails.map(({ server: _, ...message }) => message)],
    ...steps.map(({ name, notes }): [string, unknown] => [`the notes of the step "${name}"`, notes]),
    ...steps.map(({ name, result }): [string, unknown] => [`the result of the step "${name}"`, result]),
    ['an error', job?.error ? toRecord(job.error) : null],
    ...made
      // these calls store or hide what they get
      .filter(
        ({ name }) => name !== 'secrets.put' && name !== 'cache.put' && !name.startsWith('collections.'),
      )
      .map(({ name, args }): [string, unknown] => [`the arguments of ${name}`, args]),
  ];
}
