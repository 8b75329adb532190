/** GET /action/getdomain */
import { Type } from 'typebox';
import { listDomains } from '../../../domains/list-domains.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdText, success } from '../../schemas/common.js';
import { domainProperties, viewDomainList } from '../../schemas/domain.js';

const schema = {
  summary: "Lists a site's own domains",
  tags: ['Domains'],
  querystring: Type.Object({ service_id: ServiceIdText }),
  response: { 200: success(domainProperties, 'Oldest first.') },
  failures: failures('service_not_found', 'not_supported', 'state_damaged'),
};

export const listDomainsRoute: Route = (app, context) => {
  app.get('/action/getdomain', { schema }, async (request) => ({
    success: true as const,
    ...viewDomainList(await listDomains(context, callerOf(request), request.query.service_id)),
  }));
};
