/** Metadata that a manager 1.4 reads from etcd: its three files, what they would change, and what names of images mean. */
export { resolveAlias, type Resolved } from './aliases.js';
export { planImport, prefixOf, type Change, type ImportPlan, type MetadataKind } from './plan.js';
export { maskedValue, shownChange, shownCounts, shownValue } from './shown.js';
export { LARGEST_FILE } from './yaml-file.js';
