/** GET /clock and POST /clock/confirm: for the operator at the socket. */
import { Type } from 'typebox';
import { CLOCK_DOUBTS, type ClockView } from '../../../model/clock-doubt.js';
import { flag, instant, nullable, whole, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const ClockAnswer = Type.Object(
  {
    trusted: flag(
      "False if the agent does not trust the host's clock. In that case, purges, erasures and log " +
        'rotation are postponed, and no job fails because of its age.',
      true,
    ),
    host_time: instant("The host's clock."),
    agent_time: instant("The agent's time. Unlike the host's clock, it never jumps."),
    doubt: nullable(
      word(
        CLOCK_DOUBTS,
        '`ahead`: the clock jumped forward. `behind`: the clock was set back. `long_off`: the host ' +
          'was off for a long time, or the clock is wrong. The value is null if the clock is correct.',
        'ahead',
      ),
      null,
    ),
    off_s: nullable(
      whole(
        'The host time minus the expected time, in seconds. For `long_off`, the largest possible ' +
          'difference. The value is null if the clock is correct.',
        3600,
      ),
      null,
    ),
  },
  { title: 'Clock', description: "The result of comparing the host's clock with the elapsed time." },
);

const view = ({ trusted, wall, agent, doubt }: ClockView) => ({
  trusted,
  host_time: new Date(wall).toISOString(),
  agent_time: new Date(agent).toISOString(),
  doubt: doubt?.kind ?? null,
  off_s: doubt === undefined ? null : Math.round(doubt.offMs / 1000),
});

export const clockRoute = jsonRoute({
  call: 'GET /clock',
  id: 'getClock',
  tag: 'Operation',
  summary: 'Retrieve the state of the clock',
  description: 'Compares the wall clock with the time that has elapsed since the clock was last trusted.',
  answer: ClockAnswer,
  answers: { 200: 'The current state of the clock.' },
  handle: (_, { timekeeper }) => view(timekeeper.view()),
});

export const confirmClockRoute = jsonRoute({
  call: 'POST /clock/confirm',
  id: 'confirmClock',
  tag: 'Operation',
  summary: 'Confirm that the clock is correct',
  description:
    'After this request, the agent resumes all work that is due by date: purges, erasures and log ' +
    'rotation.',
  answer: ClockAnswer,
  answers: { 200: 'The clock is trusted.' },
  failures: ['state_unavailable'],
  handle: async (_, { timekeeper }) => view(await timekeeper.confirm()),
});
