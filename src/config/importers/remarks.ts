// Words for what the derivation of mounts found.
import type { DerivationRemark } from './derive.ts';
import type { ImportReport } from './report.ts';

/** Reports a remark about the directive that it comes from. */
export function reportRemark(remark: DerivationRemark, report: ImportReport): void {
  if (remark.kind === 'irregular') {
    const [directive] = remark.directives;
    if (directive === undefined) return;
    const message = `what becomes of paths below ${remark.path} is more than the replacement of a prefix`;
    report.error(directive, message, 'let the backend do it, or write mounts for the paths in question');
    return;
  }
  if (remark.kind === 'same') {
    report.contribute(...remark.directives);
    return;
  }
  if (remark.kind === 'query') {
    const [directive] = remark.directives;
    const message = `requests for ${remark.path} that have a query are treated differently by the original; here they are not`;
    if (directive !== undefined) report.info(directive, message);
    return;
  }
  const [directive] = remark.below.directives;
  if (directive === undefined) return;
  const kept = remark.isKept ? 'kept, as asked' : `here it leads to ${remark.path}/`;
  report.info(directive, `${remark.path} without a slash is not served like ${remark.path}/; ${kept}`);
}
