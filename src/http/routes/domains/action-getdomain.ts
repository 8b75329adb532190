/** GET /action/getdomain */
import { Type } from 'typebox';
import { listDomains } from '../../../domains/list-domains.js';
import { ServiceIdText } from '../../schemas/common.js';
import { DomainListView, viewDomainList } from '../../schemas/domain.js';
import { jsonRoute } from '../../server/endpoint.js';

export const listDomainsRoute = jsonRoute({
  call: 'GET /action/getdomain',
  id: 'listDomains',
  tag: 'Domains',
  summary: 'List the custom domains of a site',
  query: Type.Object({ service_id: ServiceIdText }),
  answer: DomainListView,
  answers: { 200: 'The domains of the site, sorted from oldest to newest.' },
  failures: ['service_not_found', 'not_supported', 'state_damaged'],
  handle: async ({ caller, query }, context) =>
    viewDomainList(await listDomains(context, caller, query.service_id)),
});
