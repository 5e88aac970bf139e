// SPDX-License-Identifier: Apache-2.0

const STEPS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/**
 * A count in at most five characters with decimal multiples: `0`, `7`, `999`, `1.23k`, `45.6M`, `789G`.
 * A fraction below ten keeps one digit (`0.5`), so that a slow trickle does not look like nothing.
 */
export function renderCount(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value < 10) return String(Math.round(value * 10) / 10);
  let scaled = value;
  let step = 0;
  // 999.5 rounds to four digits, so it already belongs to the next multiple.
  while (scaled >= 999.5 && step < STEPS.length - 1) {
    scaled /= 1000;
    step++;
  }
  if (step === 0) return String(Math.round(scaled));
  const digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return `${scaled.toFixed(digits)}${STEPS[step]}`;
}

/** Seconds as `42s`, `5m 07s`, `3h 12m` or `12d 4h`: two units at most. */
export function renderDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${two(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** Bytes with binary multiples: `512 B`, `1.5 KiB`, `87.2 MiB`. */
export function renderBytes(bytes: number): string {
  let scaled = bytes;
  let step = 0;
  while (scaled >= 1024 && step < 4) {
    scaled /= 1024;
    step++;
  }
  return step === 0 ? `${bytes} B` : `${scaled.toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`;
}
