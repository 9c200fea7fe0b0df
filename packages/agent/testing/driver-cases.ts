/** The contract of the driver port as named cases. Data, so that they run under a test runner and without one. */
import { cases as lifeCases } from './driver-cases-life.js';
import { cases as insideCases } from './driver-cases-inside.js';
import { cases as pullCases } from './driver-cases-pull.js';
import { cases as viewCases } from './driver-cases-view.js';
import type { DriverCase } from './driver-case.js';

/** Those that need nothing but the driver. */
export const LOCAL_CASES: readonly DriverCase[] = [...lifeCases, ...viewCases, ...insideCases];
/** Those that need a registry beside it. */
export const PULL_CASES: readonly DriverCase[] = pullCases;
export const DRIVER_CASES: readonly DriverCase[] = [...LOCAL_CASES, ...PULL_CASES];
