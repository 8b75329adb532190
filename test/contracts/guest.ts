/**
 * What every container host driver must do, whatever stands behind it. Every call goes through the driver's public
 * door.
 */
import type { Test } from 'tap';
import { AgentError, type ErrorCode } from '../../src/kernel/errors.js';
import type { JsonObject } from '../../src/kernel/json.js';
import type { Mark } from '../../src/kernel/mark.js';
import { type DriverCall, plainCall } from '../../src/drivers/shared/call.js';
import type {
  ContainerSpec,
  Source,
  GuestAt,
  GuestDriver,
  Promised,
} from '../../src/drivers/guest/contract.js';

/** A container that may have to be created. */
type NewContainer = ContainerSpec & { readonly source: Source };

export interface GuestWorld {
  readonly driver: GuestDriver;
  /** Name of a template that exists on `node`. */
  readonly template: string;
  readonly osVolume: string;
  readonly node: string;
  /** Numbers nobody uses; at least eight. */
  readonly vmids: readonly number[];
  /** Private addresses nobody uses, with their gateway; as many as numbers. */
  readonly addresses: readonly {
    readonly address: string;
    readonly prefix: number;
    readonly gateway: string;
  }[];
  /** A container without any mark of ours. */
  readonly foreignVmid: number;
}

/** A call that keeps its notes as a job's step would. */
export function notingCall(
  notes: JsonObject = {},
  signal = new AbortController().signal,
): DriverCall & { notes: JsonObject } {
  return {
    signal,
    notes,
    note: async (values) => {
      Object.assign(notes, values);
    },
  };
}

export async function failsWith(
  t: Test,
  code: ErrorCode,
  work: Promise<unknown>,
  message: string,
): Promise<AgentError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AgentError) {
      t.equal(error.code, code, message);
      return error;
    }
    throw error;
  }
  t.fail(`${message}: nothing was thrown`);
  return new AgentError('internal_error', 'nothing was thrown');
}

export function guestDriverContract(t: Test, name: string, open: (t: Test) => Promise<GuestWorld>): void {
  t.test(`${name} keeps the contract of a container host`, async (t) => {
    const world = await open(t);
    const { driver } = world;
    const call = (): DriverCall => plainCall(new AbortController().signal);
    const markOf = (service: string): Mark => ({
      agent: 'contract',
      panel: 'default',
      service,
      generation: 1,
    });
    const specOf = (index: number, over: Partial<NewContainer> = {}): NewContainer => ({
      vmid: world.vmids[index] ?? 0,
      mark: markOf(`svc${index}`),
      node: world.node,
      hostname: `site${index}.example.test`,
      source: { kind: 'template', name: world.template },
      resources: { cores: 2, memoryMb: 1024, swapMb: 256, diskGb: 20 },
      addresses: world.addresses.slice(index, index + 1),
      tags: ['innkeeper', 'Basic Plan'],
      ...over,
    });
    const atOf = ({ vmid, mark }: GuestAt): GuestAt => ({ vmid, mark });

    await t.test(
      'makes a container from a template with everything the spec says, not started',
      async (t) => {
        const spec = specOf(0);
        const noting = notingCall();
        t.same(await driver.ensureContainer(spec, noting), { node: world.node });
        t.type(noting.notes['upid'], 'string', 'the task was noted');
        const state = await driver.find(atOf(spec), call());
        t.match(state, {
          vmid: spec.vmid,
          node: world.node,
          power: 'stopped',
          lock: null,
          hostname: spec.hostname,
          mark: spec.mark,
          template: false,
          resources: spec.resources,
          ha: { managed: false },
        });
        const used = await driver.usedAddresses(call());
        t.ok(used.has(spec.addresses[0]?.address ?? ''), 'its address counts as used');
        const view = await driver.look(call());
        t.ok(view.guests.some((guest) => guest.vmid === spec.vmid && guest.node === world.node));
        t.ok(view.nodes.some((node) => node.name === world.node && node.online && node.memoryBytes > 0));
      },
    );

    await t.test('repeats without effect, and brings an existing container to a changed spec', async (t) => {
      const noting = notingCall();
      await driver.ensureContainer(specOf(0), noting);
      t.same(noting.notes, {}, 'nothing was started');
      const resources = { cores: 1, memoryMb: 2048, swapMb: 0, diskGb: 24 };
      await driver.ensureContainer(specOf(0, { resources, hostname: 'other.example.test' }), call());
      t.match(await driver.find(atOf(specOf(0)), call()), { resources, hostname: 'other.example.test' });
    });

    await t.test('creates from an OS template', async (t) => {
      const spec = specOf(1, { source: { kind: 'os', volume: world.osVolume } });
      await driver.ensureContainer(spec, call());
      t.match(await driver.find(atOf(spec), call()), {
        power: 'stopped',
        mark: spec.mark,
        resources: spec.resources,
      });
      await driver.removeContainer(atOf(spec), call());
      t.equal(await driver.find(atOf(spec), call()), undefined);
    });

    await t.test('starts, stops and changes, each as often as one likes', async (t) => {
      const at = atOf(specOf(0));
      await driver.ensureStarted(at, call());
      await driver.ensureStarted(at, call());
      t.equal((await driver.find(at, call()))?.power, 'running');
      const resources = { cores: 2, memoryMb: 3072, swapMb: 512, diskGb: 30 };
      await driver.ensureResources(at, resources, call());
      await driver.ensureResources(at, { ...resources, diskGb: 10 }, call());
      t.same((await driver.find(at, call()))?.resources, resources, 'the disk never shrinks');
      await driver.ensureStopped(at, 5, call());
      await driver.ensureStopped(at, 0, call());
      t.equal((await driver.find(at, call()))?.power, 'stopped');
    });

    await t.test(
      'snapshots by name, once',
      { skip: !driver.capabilities.snapshots && 'no snapshots' },
      async (t) => {
        const at = atOf(specOf(0));
        await driver.ensureSnapshot(at, 'initial', 'as made', call());
        await driver.ensureSnapshot(at, 'initial', 'as made', call());
        const [snapshot, ...more] = await driver.listSnapshots(at, call());
        t.same(more, []);
        t.match(snapshot, { name: 'initial', description: 'as made', createdAt: /^\d{4}-.*Z$/ });
        await failsWith(
          t,
          'foreign_object',
          driver.ensureSnapshot(at, 'initial', 'something else', call()),
          'a name that is taken for something else is not ours',
        );
        await driver.ensureStarted(at, call());
        await driver.rollback(at, 'initial', call());
        t.equal((await driver.find(at, call()))?.power, 'stopped', 'stopped after a rollback');
        await failsWith(t, 'backup_not_found', driver.rollback(at, 'nothing', call()), 'an unknown snapshot');
        await driver.removeSnapshot(at, 'initial', call());
        await driver.removeSnapshot(at, 'initial', call());
        t.same(await driver.listSnapshots(at, call()), []);
      },
    );

    await t.test('hands it to HA and back', { skip: !driver.capabilities.ha && 'no HA' }, async (t) => {
      const at = atOf(specOf(0));
      await driver.ensureStarted(at, call());
      await driver.ensureHa(at, call());
      await driver.ensureHa(at, call());
      t.equal((await driver.find(at, call()))?.ha.managed, true);
      await driver.ensureStopped(at, 5, call());
      t.equal((await driver.find(at, call()))?.power, 'stopped', 'stopped through HA');
      await driver.ensureStarted(at, call());
      t.equal((await driver.find(at, call()))?.power, 'running', 'started through HA');
      await driver.removeHa(at, call());
      await driver.removeHa(at, call());
      t.equal((await driver.find(at, call()))?.ha.managed, false);
    });

    await t.test('never changes what does not carry the mark', async (t) => {
      const strangers: GuestAt[] = [
        { vmid: world.foreignVmid, mark: markOf('svc0') },
        { vmid: specOf(0).vmid, mark: { ...specOf(0).mark, generation: 2 } },
      ];
      for (const at of strangers) {
        const before = (await driver.look(call())).guests.find((guest) => guest.vmid === at.vmid);
        t.ok(before, 'it is there');
        const refused: Record<string, (at: GuestAt) => Promise<unknown>> = {
          ensureStarted: (at) => driver.ensureStarted(at, call()),
          ensureStopped: (at) => driver.ensureStopped(at, 0, call()),
          ensureResources: (at) => driver.ensureResources(at, specOf(0).resources, call()),
          convertToTemplate: (at) => driver.convertToTemplate(at, call()),
          ensureSnapshot: (at) => driver.ensureSnapshot(at, 'initial', 'x', call()),
          removeSnapshot: (at) => driver.removeSnapshot(at, 'initial', call()),
          rollback: (at) => driver.rollback(at, 'initial', call()),
          ...(driver.capabilities.ha ? { ensureHa: (at: GuestAt) => driver.ensureHa(at, call()) } : {}),
        };
        for (const [verb, act] of Object.entries(refused))
          await failsWith(t, 'foreign_object', act(at), `${verb} refuses`);
        await failsWith(
          t,
          'vmid_taken',
          driver.ensureContainer({ ...specOf(0), ...at }, call()),
          'the number is taken',
        );
        t.equal(await driver.find(at, call()), undefined, 'a foreign one counts as none');
      }
      await driver.removeContainer({ vmid: world.foreignVmid, mark: markOf('svc0') }, call());
      const view = await driver.look(call());
      t.ok(
        view.guests.some((guest) => guest.vmid === world.foreignVmid),
        'and is left alone by a removal',
      );
    });

    await t.test('says what is missing', async (t) => {
      const spec = specOf(2, { source: { kind: 'template', name: 'no-such-template' } });
      await failsWith(t, 'template_missing', driver.ensureContainer(spec, call()), 'the template');
      const view = await driver.look(call());
      const request = {
        resources: spec.resources,
        source: spec.source,
        promised: new Map<string, Promised>(),
      };
      t.throws(() => driver.place(request, view), { code: 'template_missing' });
      const source = specOf(2).source;
      const chosen = driver.place({ ...request, source }, view);
      t.ok(view.nodes.some((node) => node.name === chosen && node.online));
      const tooMuch = { ...spec.resources, memoryMb: 10_000_000 };
      t.throws(() => driver.place({ ...request, source, resources: tooMuch }, view), {
        code: 'capacity_exhausted',
      });
      const tooLarge = { ...spec.resources, diskGb: 1_000_000 };
      t.throws(() => driver.place({ ...request, source, resources: tooLarge }, view), {
        code: 'capacity_exhausted',
        detail: /too little disk/,
      });
      await failsWith(
        t,
        'container_host_failed',
        driver.ensureStarted(atOf(specOf(2)), call()),
        'the container',
      );
    });

    await t.test('turns a container into a template that others are made from', async (t) => {
      const spec = specOf(3, { hostname: 'golden-test' });
      await driver.ensureContainer(spec, call());
      await driver.convertToTemplate(atOf(spec), call());
      await driver.convertToTemplate(atOf(spec), call());
      t.equal((await driver.find(atOf(spec), call()))?.template, true);
      const child = specOf(4, { source: { kind: 'template', name: 'golden-test' } });
      await driver.ensureContainer(child, call());
      t.match(await driver.find(atOf(child), call()), {
        mark: child.mark,
        hostname: child.hostname,
        template: false,
      });
      await driver.removeContainer(atOf(child), call());
      await driver.removeContainer(atOf(spec), call());
    });

    await t.test('lists what is there, ours and others, with marks and figures', async (t) => {
      const spec = specOf(0);
      await driver.ensureStarted(atOf(spec), call());
      const { read, unread } = await driver.listContainers(call());
      t.same(unread, []);
      const found = read.find(({ vmid }) => vmid === spec.vmid);
      t.match(found, {
        node: world.node,
        power: 'running',
        template: false,
        mark: spec.mark,
        markAlone: true,
      });
      const state = await driver.find(atOf(spec), call());
      t.same(found?.resources, state?.resources);
      t.match(
        read.find(({ vmid }) => vmid === world.foreignVmid),
        { mark: undefined, markAlone: false },
      );
      t.same(await driver.listHa(call()), []);
      if (!driver.capabilities.ha) return;
      await driver.ensureHa(atOf(spec), call());
      t.match(await driver.listHa(call()), [
        { vmid: spec.vmid, state: 'started', mark: spec.mark, markAlone: true },
      ]);
      t.not((await driver.listHa(call()))[0]?.rule, false, 'with its rule, where there are rules');
      await driver.removeHa(atOf(spec), call());
      t.same(await driver.listHa(call()), []);
      const aborted = plainCall(AbortSignal.abort(new Error('stopped')));
      await failsWith(t, 'aborted', driver.listContainers(aborted), 'stopped before it began');
    });

    await t.test(
      'removes a running container with all that refers to it, and is content when it is gone',
      async (t) => {
        const at = atOf(specOf(0));
        await driver.ensureStarted(at, call());
        await driver.ensureHa(at, call());
        await driver.removeContainer(at, call());
        await driver.removeContainer(at, call());
        t.equal(await driver.find(at, call()), undefined);
        t.notOk((await driver.look(call())).guests.some((guest) => guest.vmid === at.vmid));
        t.notOk((await driver.usedAddresses(call())).has(specOf(0).addresses[0]?.address ?? ''));
      },
    );

    await t.test('settles when it is stopped, and goes on from its notes', async (t) => {
      const spec = specOf(5);
      const stopped = AbortSignal.abort(new Error('stopped'));
      await failsWith(
        t,
        'aborted',
        driver.ensureContainer(spec, plainCall(stopped)),
        'stopped before it began',
      );
      const stop = new AbortController();
      const notes: JsonObject = {};
      const noting = notingCall(notes, stop.signal);
      const stopAtTask: DriverCall = {
        ...noting,
        note: async (values) => {
          await noting.note(values);
          if ('upid' in values) stop.abort(new Error('stopped'));
        },
      };
      await driver.ensureContainer(spec, stopAtTask).catch((error: unknown) => {
        t.match(error, { code: 'aborted' });
      });
      t.type(notes['upid'], 'string');
      await driver.ensureContainer(spec, notingCall(notes));
      t.match(await driver.find(atOf(spec), call()), { mark: spec.mark, resources: spec.resources });
      await driver.removeContainer(atOf(spec), notingCall(notes));
      t.equal(await driver.find(atOf(spec), call()), undefined);
    });
  });
}
