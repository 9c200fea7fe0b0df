/** Bytes for a person, for example `1.5 GB`. */
export function inUnits(bytes: number): string {
  const unit = [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ].find(([size]) => bytes >= (size as number));
  if (!unit) return `${bytes} B`;
  const value = bytes / (unit[0] as number);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit[1]}`;
}
