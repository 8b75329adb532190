/**
 * The action that installs a server again. The container is destroyed and created from the image. It keeps its number,
 * node, addresses and host name; everything on its disk and all of its snapshots are lost.
 */
import { Type } from 'typebox';
import { invalid } from '../../../src/kernel/invalid.js';
import type { ModuleAction } from '../../../src/modules/kit/action.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import { takeInitial } from '../../../src/modules/kit/hosted/snapshots.js';
import { guestOf } from '../../../src/modules/kit/parts.js';
import { imagesIn, serviceData, sshKeys } from './data.js';
import { serverOf, sourceOf } from './server.js';

export const reinstallation = (install: (context: StepContext) => Promise<void>): ModuleAction => ({
  title: 'Reinstall',
  description: 'Installs the server again. All data and backups of the server are lost.',
  input: Type.Object(
    { image: serviceData.properties.image, ssh_keys: Type.Optional(sshKeys) },
    { additionalProperties: false },
  ),
  policy: { timeoutS: 2_400 },
  flow: () => ({
    // nothing is destroyed unless the image can be ordered and is on the node
    check: { timeoutS: 120, run: check },
    ha: {
      after: ['check'],
      concerns: 'ha',
      timeoutS: 120,
      run: (context) => context.ha.remove(),
      // HA starts a container that it gets
      undo: async (context) =>
        guestOf(context.service).power === 'stopped' ? undefined : context.ha.ensure(),
    },
    remove: {
      after: ['ha'],
      pivot: true,
      concerns: 'container',
      timeoutS: 900,
      run: (context) => context.container.remove(),
    },
    container: {
      after: ['remove'],
      concerns: 'container',
      timeoutS: 900,
      run: (context) => context.container.ensure(sourceOf(context)),
    },
    start: {
      after: ['container'],
      concerns: 'container',
      timeoutS: 180,
      async run(context) {
        await context.container.start();
        return { running: true };
      },
    },
    install: { after: ['start'], timeoutS: 1_200, run: install },
    snapshot: { after: ['install'], concerns: 'snapshot', timeoutS: 600, run: takeInitial },
    'ha-again': { after: ['snapshot'], concerns: 'ha', timeoutS: 120, run: (context) => context.ha.ensure() },
  }),
});

async function check(context: StepContext): Promise<void> {
  const { image } = serverOf(context);
  const images = imagesIn(context.plan.data ?? {});
  if (!images.includes(image))
    throw invalid({ 'input.image': context.t('image_not_offered', { images: images.join(', ') }) });
  await context.container.checkImage(sourceOf(context));
}
