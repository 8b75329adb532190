import { getEventListeners } from 'node:events';
import t from 'tap';
import { anySignal } from '../../../src/kernel/async/any-signal.js';

t.test('aborts with the reason of whichever source is first, also when it was before', (t) => {
  const [one, two] = [new AbortController(), new AbortController()];
  const either = anySignal(one.signal, two.signal);
  two.abort('two');
  one.abort('one');
  t.equal(either.signal.reason, 'two');
  t.equal(anySignal(new AbortController().signal, one.signal).signal.reason, 'one');
  t.end();
});

t.test('leaves nothing with a source that lives on, whether it was let go or aborted', (t) => {
  const daemon = new AbortController();
  const followers = (): number => getEventListeners(daemon.signal, 'abort').length;
  for (let wait = 0; wait < 100; wait += 1) {
    const work = new AbortController();
    const either = anySignal(daemon.signal, work.signal);
    t.equal(followers(), 1);
    if (wait % 2 === 0) work.abort();
    else either.release();
    t.equal(followers(), 0);
  }
  const late = anySignal(daemon.signal);
  late.release();
  daemon.abort();
  t.equal(late.signal.aborted, false, 'what was let go is let go');
  t.end();
});
