/** What only cgroups can do, which an ordinary user does not have: DriverInfo says so. */
export const NEEDS_CGROUPS = [
  'the end by exhausted memory is observed',
  'memory is limited as planned, swap included',
  'processors are limited as planned',
  'cores are those of the plan',
  'processes are limited as planned',
];
