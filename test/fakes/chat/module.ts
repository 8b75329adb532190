/** A notification module without webhooks. */
import { Notification, type Sent } from '../../../src/modules/kit/notification.js';

export default class Chat extends Notification {
  readonly info = {
    ...{ type: 'notification' as const, name: 'chat', title: 'Chat', description: '', version: '1.0.0' },
    author: 'x',
  };
  readonly settings = { type: 'object' };
  readonly instance = {
    type: 'object',
    properties: { channel: { type: 'string', default: '#general' }, token: { type: 'string', secret: true } },
    required: ['token'],
  };

  send(): Sent {
    return { id: '1' };
  }
}
