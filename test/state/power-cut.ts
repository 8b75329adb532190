/**
 * The power goes before every operation of a piece of work, and once more while the next start recovers; every disk
 * that may be found is looked at.
 */
import { MemoryDisk } from './memory-disk.js';
import { nothing, openWhole, problems, work } from './whole-state.js';

export interface Cuts {
  readonly points: number;
  readonly disks: number;
  /** Cuts during the recovery after a cut. */
  readonly again: number;
  readonly wrong: string[];
}

/** @param most disks looked at per point (there may be thousands after a burst) */
export async function cutEverywhere(seed: number, most: number): Promise<Cuts> {
  const whole = new MemoryDisk();
  await work(await openWhole(whole), nothing(), seed);
  const wrong: string[] = [];
  let disks = 0;
  let again = 0;
  for (let cut = 0; cut <= whole.steps; cut += 1) {
    const disk = new MemoryDisk();
    disk.cutAt = cut;
    const told = nothing();
    const open = await openWhole(disk).catch(() => undefined);
    if (open) await work(open, told, seed);
    let looked = 0;
    for (const found of disk.afterPowerCut()) {
      if ((looked += 1) > most) break;
      disks += 1;
      if (looked % 4 === 1) again += await cutRecovery(found, told, `seed ${seed} cut ${cut}`, wrong);
      const state = await openWhole(found);
      for (const problem of await problems(state, told)) wrong.push(`seed ${seed} cut ${cut}: ${problem}`);
    }
  }
  return { points: whole.steps + 1, disks, again, wrong };
}

/** Cuts at each of the first operations of the recovery; the state found after that must hold as well. */
async function cutRecovery(
  found: MemoryDisk,
  told: ReturnType<typeof nothing>,
  where: string,
  wrong: string[],
): Promise<number> {
  let cuts = 0;
  for (let cut = 0; cut < 12; cut += 3) {
    const disk = found.copy();
    disk.cutAt = cut;
    await openWhole(disk).catch(() => undefined);
    for (const twice of disk.afterPowerCut()) {
      cuts += 1;
      for (const problem of await problems(await openWhole(twice), told))
        wrong.push(`${where}, again at ${cut}: ${problem}`);
      break;
    }
  }
  return cuts;
}
