// Numbers as people read them.

export function count(value: number): string {
  if (value >= 100_000) return (value / 1000).toFixed(0) + 'k';
  if (value >= 10_000) return (value / 1000).toFixed(1).replace('.0', '') + 'k';
  if (value >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Seconds in, with the unit that fits. */
export function seconds(value: number): string {
  if (value >= 10) return value.toFixed(1) + ' s';
  if (value >= 1) return value.toFixed(2) + ' s';
  const millis = value * 1000;
  if (millis >= 10) return millis.toFixed(0) + ' ms';
  if (millis >= 1) return millis.toFixed(1) + ' ms';
  return millis === 0 ? '0' : (millis * 1000).toFixed(0) + ' µs';
}

export function percent(ratio: number): string {
  const value = ratio * 100;
  return (value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)) + ' %';
}

export function clock(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString(undefined, { hour12: false });
}

export function millis(value: number): string {
  return seconds(value / 1000);
}

/** "queue_timeout" as "queue timeout". */
export function words(text: string): string {
  return text.replaceAll('_', ' ');
}

/** A gate's or component's number with its unit. */
export function measure(value: number, unit: string): string {
  if (unit === 'milliseconds') return millis(value);
  if (unit === 'percent') return value + ' %';
  return count(value);
}
