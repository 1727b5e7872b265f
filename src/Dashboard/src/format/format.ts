const thinSpace = "\u202f";

/** 1234567 → "1.23 M": three significant digits, for numbers that are compared at a glance. */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  if (Math.abs(value) < 10_000) {
    return formatInteger(value);
  }
  for (const [size, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    // 999,950 rounds to 1.00 M, not to 1000 k.
    if (Math.abs(value) >= size * 0.9995) {
      return `${threeDigits(value / size)} ${unit}`;
    }
  }
  return formatInteger(value);
}

/** 1234567 → "1 234 567", with thin spaces. */
export function formatInteger(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, thinSpace);
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) {
    return "–";
  }
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes / 1000;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${threeDigits(size)} ${units[unit]}`;
}

/** A share from 0 to 1 as a percentage; small shares keep two significant digits. */
export function formatPercent(share: number | null | undefined, digits = 2): string {
  if (share === null || share === undefined || !Number.isFinite(share)) {
    return "–";
  }
  const percent = share * 100;
  if (percent !== 0 && Math.abs(percent) < 0.1) {
    return `${percent.toPrecision(2)} %`;
  }
  return `${percent.toFixed(digits)} %`;
}

export function formatLoss(loss: number | null | undefined): string {
  if (loss === null || loss === undefined || !Number.isFinite(loss)) {
    return "–";
  }
  const size = Math.abs(loss);
  if (size !== 0 && (size < 0.0001 || size >= 1e6)) {
    return loss.toExponential(2);
  }
  return size >= 100 ? loss.toFixed(1) : loss.toFixed(4);
}

/** 200 → "3 m 20 s": the two largest units. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) {
    return "–";
  }
  if (seconds < 1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) {
    return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  }
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`;
}

/** "14:03:22" today, with the date on other days. */
export function formatTime(iso: string | null | undefined, now = new Date()): string {
  if (!iso) {
    return "–";
  }
  const at = new Date(iso);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) {
    return time;
  }
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}`;
}

/** Four significant digits for axis values and strengths. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  if (value === 0) {
    return "0";
  }
  const size = Math.abs(value);
  return size >= 0.001 && size < 100_000 ? String(Number(value.toPrecision(4))) : value.toExponential(1);
}

/** Three digits with their zeros, for columns of similar numbers. */
export function formatStrength(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  return value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 10_000) ? threeDigits(value) : value.toExponential(1);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function pad(value: number): string {
  return value.toString().padStart(2, "0");
}
