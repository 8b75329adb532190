/** A product that creates accounts on the servers of a hosting panel. docs/writing-a-module.md shows this file. */
import { Type } from 'typebox';
import { AgentError } from '../../../src/kernel/errors.js';
import type { HttpResponse } from '../../../src/modules/kit/module-call-types.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import { RemoteProduct } from '../../../src/modules/kit/remote-product.js';
import type {
  InspectContext,
  RemoteContext,
  ServerContext,
} from '../../../src/modules/kit/server-contexts.js';
import type { Inspection } from '../../../src/modules/kit/server-types.js';

export default class Panel extends RemoteProduct {
  readonly info: ModuleInfo = {
    ...{ type: 'product', name: 'panel', title: 'Hosting panel', description: '' },
    ...{ version: '1.0.0', author: 'Example' },
  };
  readonly settings = Type.Object({});
  override readonly servers = {
    credentials: Type.Object({ token: Type.String({ minLength: 8 }) }),
    data: Type.Object({ prefix: Type.String({ default: 'u' }) }),
    port: 8443,
  };
  override readonly productData = Type.Object({ quota_gb: Type.Integer({ minimum: 1, default: 10 }) });
  protected override readonly patienceMs = 2_000;

  async testConnection(context: ServerContext): Promise<string> {
    const { version } = bodyOf(await ask(context, 'GET', '/version'));
    return `Version ${String(version)}`;
  }

  async inspect(context: InspectContext): Promise<Inspection> {
    const response = await ask(context, 'GET', this.path(context), undefined, [404]);
    if (response.status === 404) return { exists: false };
    const account = bodyOf(response);
    return {
      exists: true,
      active: account['suspended'] !== true,
      usage: { disk_bytes: Number(account['disk_bytes']), mailboxes: Number(account['mailboxes']) },
    };
  }

  /** `PUT` creates the account, or changes the one that an interrupted run has created. */
  protected async create(context: RemoteContext): Promise<void> {
    const { email } = context.service;
    const password = await context.password();
    const quota = context.plan.data?.['quota_gb'] ?? 10;
    await ask(context, 'PUT', this.path(context), { email, password, quota_gb: quota });
  }

  protected async remove(context: RemoteContext): Promise<void> {
    await ask(context, 'DELETE', this.path(context), undefined, [404]);
  }

  protected async suspend(context: RemoteContext): Promise<void> {
    await ask(context, 'PUT', `${this.path(context)}/suspended`, { suspended: true });
  }

  protected async unsuspend(context: RemoteContext): Promise<void> {
    await ask(context, 'PUT', `${this.path(context)}/suspended`, { suspended: false });
  }

  protected changePlan = (context: RemoteContext): Promise<void> => this.create(context);
  protected override setOwner = (context: RemoteContext): Promise<void> => this.create(context);

  private path({ server, service }: InspectContext | RemoteContext): string {
    const { prefix } = server.data;
    if (typeof prefix !== 'string') throw new Error('the server has no prefix');
    return `/accounts/${prefix}${service.id}`;
  }
}

async function ask(
  { http, server }: ServerContext | RemoteContext,
  method: 'GET' | 'PUT' | 'DELETE',
  url: string,
  json?: unknown,
  allowed: readonly number[] = [],
): Promise<HttpResponse> {
  const response = await http.request({
    ...server.http,
    ...{ method, url, timeoutS: 5, retries: 0 },
    ...(json === undefined ? {} : { json }),
    bearer: server.credentials['token'] ?? '',
  });
  const { status } = response;
  if (status < 300 || allowed.includes(status)) return response;
  // a status of 500 or more may pass, so the step is repeated
  throw new AgentError('remote_failed', 'The hosting panel refused a request.', {
    retryable: status >= 500,
    detail: `${method} ${url}: status ${status}`,
  });
}

function bodyOf({ body }: HttpResponse): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}
