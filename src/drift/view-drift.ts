/** Drift as the operator's API shows it. */
import type { Finding } from './drift.js';
import type { Orphan } from './orphans.js';
import type { Counted, DriftReport } from './drift-store.js';

export function viewFinding({ item, since }: Counted<Finding>) {
  const [panel = '', serviceId = ''] = item.key.split('/');
  const { id, part, problem, expected, found, safe, hint } = item;
  const at = new Date(since).toISOString();
  return { id, panel, service_id: serviceId, part, problem, expected, found, safe, hint, since: at };
}

function viewOrphan({ item, since }: Counted<Orphan>) {
  const { id, kind, what, why, doubt, mark } = item;
  const service = `${mark.panel}/${mark.service}/${mark.generation}`;
  return { id, kind, what, service, why, doubt, since: new Date(since).toISOString() };
}

export function viewReport(report: DriftReport | undefined) {
  return {
    at: report ? new Date(report.at).toISOString() : null,
    findings: (report?.findings ?? []).map(viewFinding),
    orphans: (report?.orphans ?? []).map(viewOrphan),
    unknown: [...(report?.unknown ?? [])],
    compared: report?.compared ?? 0,
    skipped: report?.skipped ?? 0,
    pending: report?.pending ?? 0,
  };
}
