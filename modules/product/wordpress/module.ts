/**
 * WordPress as a product. Each container contains one site. The container is created from a golden template or from
 * scratch.
 */
import { Type } from 'typebox';
import { AgentError } from '../../../src/kernel/errors.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { ContainerSource, LoginLink, SecretRef } from '../../../src/modules/kit/host-call-types.js';
import { HostedProduct } from '../../../src/modules/kit/hosted-product.js';
import type { ModuleInfo } from '../../../src/modules/kit/module.js';
import type { TemplateRecipe } from '../../../src/modules/kit/product.js';
import { siteOf } from '../../../src/modules/kit/parts.js';
import { numberSetting, textSetting, textsSetting } from '../../../src/modules/kit/read-settings.js';
import { alone } from './scripts/alone.js';
import { clean } from './scripts/clean.js';
import { configure } from './scripts/configure.js';
import { loginLink } from './scripts/login-link.js';
import { setEmail } from './scripts/set-email.js';
import { setPassword } from './scripts/set-password.js';
import { setUrl } from './scripts/set-url.js';
import { installPackages } from './scripts/install-packages.js';
import { ownerEmail } from './email-address.js';
import { wordpressLocales } from './locales.js';
import { checkSite } from './check-site.js';
import { siteTitle } from './site-title.js';

const INSTALL_PACKAGES = { name: 'wordpress/install-packages', body: alone(installPackages), timeoutS: 1080 };

export default class WordPress extends HostedProduct {
  override readonly info: ModuleInfo = {
    type: 'product',
    name: 'wordpress',
    title: 'WordPress',
    description: 'A WordPress site in its own container',
    version: '1.0.0',
    author: 'Innkeeper',
  };

  override readonly settings = Type.Object(
    {
      source: Type.Enum(['template', 'scratch'], {
        default: 'template',
        description:
          'Clone the golden template, or install everything in a container created from the OS template',
      }),
      template_name: Type.String({
        default: 'innkeeper-wordpress',
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description: 'Name of the golden template on the container host',
      }),
      title: Type.String({
        default: '{subdomain}',
        minLength: 1,
        maxLength: 200,
        description: 'Title of a new site; {subdomain} and {fqdn} are replaced',
      }),
      admin_user: Type.String({
        default: 'admin',
        pattern: '^[a-z0-9][a-z0-9._-]{0,59}$',
        description: 'Name of the first administrator',
      }),
      locale: Type.String({
        default: 'en_US',
        pattern: '^[a-z]{2,3}(_[A-Z]{2})?(_[a-z0-9]+)?$',
        description:
          'Language of a new site if neither the order nor the panel sets one, as a WordPress locale',
      }),
      upstream_port: Type.Integer({
        default: 80,
        minimum: 1,
        maximum: 65_535,
        description: 'Port in the container that the proxy forwards to; another port needs a custom template',
      }),
      trusted_proxies: Type.Array(Type.String({ pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$' }), {
        default: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
        description: "Addresses of proxies that a container trusts to report the visitor's address and TLS",
      }),
    },
    { additionalProperties: false },
  );

  override source(settings: Readonly<Record<string, unknown>>): ContainerSource {
    return textSetting(settings, 'source') === 'scratch'
      ? { kind: 'os' }
      : { kind: 'template', template: textSetting(settings, 'template_name') };
  }

  override template(settings: Readonly<Record<string, unknown>>): TemplateRecipe {
    return {
      name: textSetting(settings, 'template_name'),
      scripts: [INSTALL_PACKAGES, { name: 'wordpress/clean', body: alone(clean), timeoutS: 120 }],
      resources: { cores: 2, memoryMb: 2048, swapMb: 512, diskGb: 8 },
    };
  }

  override readonly ownerEmail = ownerEmail;

  override readonly loginPath = '/innkeeper-login-{id}.php?token={token}';

  protected override upstreamPort(context: StepContext): number {
    return numberSetting(context.settings, 'upstream_port');
  }

  protected override async install(context: StepContext): Promise<void> {
    const { service, settings, container, secrets } = context;
    const site = siteOf(service);
    if (this.source(settings).kind === 'os') await container.run({ ...INSTALL_PACKAGES, values: {} });
    await container.run({
      name: 'wordpress/configure',
      body: alone(configure),
      timeoutS: 120,
      values: {
        SITE_FQDN: site.fqdn,
        SITE_URL: site.url,
        SITE_TITLE: siteTitle(context),
        // the configured locale is the last choice, if no locale of the order is available
        SITE_LOCALE: [
          ...(service.locale === null ? [] : wordpressLocales(service.locale)),
          textSetting(settings, 'locale'),
        ].join(' '),
        SITE_PORT: String(this.upstreamPort(context)),
        TRUSTED_PROXIES: textsSetting(settings, 'trusted_proxies').join(' '),
        ADMIN_USER: textSetting(settings, 'admin_user'),
        ADMIN_EMAIL: service.email,
        ADMIN_PASSWORD: await secrets.ensure('admin_password', 20),
        DB_PASSWORD: await secrets.ensure('db_password', 32),
      },
    });
    await context.saveData({ admin_user: textSetting(settings, 'admin_user'), title: siteTitle(context) });
  }

  protected override async setUrl({ container, service }: StepContext): Promise<void> {
    const { fqdn, url, names } = siteOf(service);
    await container.run({
      name: 'wordpress/set-url',
      body: alone(setUrl),
      timeoutS: 120,
      values: {
        SITE_FQDN: fqdn,
        SITE_URL: url,
        // if the URL has another domain, this list is empty, so that the site redirects its other names to that domain
        SITE_NAMES: url === `https://${fqdn}` ? names.join(' ') : '',
        LOCAL_NAMES: names.join(' '),
      },
    });
  }

  protected override async setOwner(context: StepContext): Promise<void> {
    await context.container.run({
      name: 'wordpress/set-email',
      body: alone(setEmail),
      timeoutS: 120,
      values: { ADMIN_USER: administrator(context), ADMIN_EMAIL: context.service.email },
    });
  }

  protected override async loginLink(context: StepContext, { id, sha256 }: LoginLink): Promise<void> {
    const { stdout } = await context.container.run({
      name: 'wordpress/login-link',
      body: alone(loginLink),
      timeoutS: 50,
      values: { ADMIN_USER: administrator(context), LINK_ID: id, LINK_SHA256: sha256 },
    });
    if (stdout.trim() !== 'made') throw administratorMissing(context, stdout);
  }

  protected override async setPassword(context: StepContext, password: SecretRef): Promise<void> {
    const { stdout } = await context.container.run({
      name: 'wordpress/set-password',
      body: alone(setPassword),
      timeoutS: 120,
      values: { ADMIN_USER: administrator(context), ADMIN_PASSWORD: password },
    });
    if (stdout.trim() !== 'set') throw administratorMissing(context, stdout);
  }

  protected override look(context: StepContext): Promise<void> {
    return checkSite(context, {
      title: siteTitle(context),
      user: textSetting(context.settings, 'admin_user'),
    });
  }
}

function administratorMissing(context: StepContext, said: string): AgentError {
  return new AgentError('administrator_missing', 'The site no longer has an administrator with that name.', {
    detail: `${administrator(context)}: ${said.trim()}`,
  });
}

/** Returns the user name that the administrator got when the site was created. */
function administrator({ service, settings }: StepContext): string {
  const { admin_user: user } = service.data;
  return typeof user === 'string' ? user : textSetting(settings, 'admin_user');
}
