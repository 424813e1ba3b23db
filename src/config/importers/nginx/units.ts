// Times and sizes as nginx writes them.

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  '': 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** Milliseconds of `30`, `30s`, `1h30m`, `500ms`; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  if (!/^(?:\d+(?:ms|[smhdwMy])?)+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g))
    totalMs += Number(amount) * (UNITS_MS[unit] ?? 0);
  return totalMs;
}

const UNITS_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of `1024`, `8k`, `10m`, `1g`; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS_BYTES[unit.toLowerCase()] ?? 1);
}
