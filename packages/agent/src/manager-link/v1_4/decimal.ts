/** Resource numbers as managers send them: decimal text at creation, numbers at restart. Exact, since 0.29 x 100 is not 29 in floats. Pure. */

/** `units / 10^digits`. */
export interface Decimal {
  readonly units: bigint;
  readonly digits: number;
}

/** More digits than anybody means; what is beyond them would not change any resource. */
const MOST_DIGITS = 18;

/** Undefined for what is not a plain, finite decimal number. */
export function parseDecimal(value: unknown): Decimal | undefined {
  const text = typeof value === 'number' ? plain(value) : value;
  if (typeof text !== 'string') return undefined;
  const parts = /^(-?)(\d{1,18})(?:\.(\d{0,40}))?$/.exec(text.trim());
  if (!parts) return undefined;
  const fraction = (parts[3] ?? '').slice(0, MOST_DIGITS);
  const units = BigInt(parts[2]! + fraction) * (parts[1] === '-' ? -1n : 1n);
  return { units, digits: fraction.length };
}

/** Without the exponent that JavaScript writes for very small and very large numbers. */
const plain = (value: number): string | undefined => (Number.isFinite(value) ? value.toFixed(12) : undefined);

/** `value x factor`, rounded down to a whole number. */
export const timesRoundedDown = ({ units, digits }: Decimal, factor: number): number =>
  Number((units * BigInt(factor)) / 10n ** BigInt(digits));

/** As Python's `Decimal` shows it after rounding down to the quantum of 0.01, for example `1.50`. */
export function toHundredthsText(value: Decimal): string {
  const hundredths = timesRoundedDown(value, 100);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;
}
