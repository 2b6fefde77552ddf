/** Numbers with their units, as people write them. */

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A whole number with its thousands apart: `54,000`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** One decimal, or three significant digits below ten: `105.4`, `5.12`; as good as nothing is `0.000`. */
export function formatNats(nats: number): string {
  if (Math.abs(nats) < 0.0005) return "0.000";
  return Math.abs(nats) < 10 ? nats.toPrecision(3) : nats.toFixed(1);
}

/** `812 bytes`, `1.3 MB`: powers of a thousand. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const unit = bytes < 999_950 ? "kB" : "MB";
  return `${(bytes / (unit === "kB" ? 1e3 : 1e6)).toFixed(1)} ${unit}`;
}

/** `8.4 s`, `2 min 5 s`, `1 h 12 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
