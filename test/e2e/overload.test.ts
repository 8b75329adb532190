import t from 'tap';
import { flood } from '../bench/flood.js';
import { openHouse } from './harness.js';

/** `npm run bench -- overload` sends more. */
const ORDERS = 12;

t.test(
  'a flood of orders against a slow container host is all recorded, all made, and none twice',
  async (t) => {
    const house = await openHouse(t);
    await house.fault({ target: 'pve', kind: { delayMs: 30 } });
    const report = await flood({
      ...house,
      orders: ORDERS,
      twiceEvery: 5,
      patienceMs: 240_000,
    });
    t.same(report.refused, []);
    t.same(report.unfinished, []);
    t.same(report.doubles, []);
    t.equal(report.containers, ORDERS);
    t.equal(report.unanswered, 0);
  },
);
