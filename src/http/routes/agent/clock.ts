/** GET /clock and POST /clock/confirm: for the operator at the socket. */
import { Type } from 'typebox';
import type { ClockView } from '../../../model/clock-doubt.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, nullable, success } from '../../schemas/common.js';

const fields = {
  trusted: Type.Boolean({ description: 'False: nothing is purged, erased or given up by date.' }),
  host_time: Instant,
  agent_time: Instant,
  doubt: nullable(Type.String({ description: '`ahead`, `behind` or `long_off`.' })),
  off_s: nullable(
    Type.Integer({ description: 'Host time minus expected time; of `long_off` the most that it can be.' }),
  ),
};

const answer = ({ trusted, wall, agent, doubt }: ClockView) => ({
  success: true as const,
  trusted,
  host_time: new Date(wall).toISOString(),
  agent_time: new Date(agent).toISOString(),
  doubt: doubt?.kind ?? null,
  off_s: doubt === undefined ? null : Math.round(doubt.offMs / 1000),
});

export const clockRoute: Route = (app, { timekeeper }) => {
  const schema = {
    summary: 'Returns the state of the clock',
    description: 'Compares the wall clock with the time that has passed since it was last believed.',
    tags: ['Operation'],
    response: { 200: success(fields, 'The clock as it is now.') },
    failures: failures(),
  };
  app.get('/clock', { schema }, () => answer(timekeeper.view()));
};

export const confirmClockRoute: Route = (app, { timekeeper }) => {
  const schema = {
    summary: 'Confirms that the clock is right as it is now',
    description: 'What is due by date goes on: purges, erasures, rotation of logs.',
    tags: ['Operation'],
    response: { 200: success(fields, 'The clock is trusted.') },
    failures: failures('state_unavailable'),
  };
  app.post('/clock/confirm', { schema }, async () => answer(await timekeeper.confirm()));
};
