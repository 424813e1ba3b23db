// Numbers to rows: medians, spreads, ratios to the yardstick of the same round.

/** All measurements of one rival in one variant, by round; undefined where one failed. */
export interface Series {
  readonly label: string;
  readonly costs: readonly (number | undefined)[];
  readonly requestsPerSecond: readonly (number | undefined)[];
  /** Shown instead of numbers: why there are none. */
  readonly remark: string | undefined;
}

/** Prints a table of `series`. `yardstickOf` says to which series the ratios of another are, round by round. */
export function printTable<T extends Series>(
  unit: string,
  series: readonly T[],
  yardstickOf: (series: T) => Series | undefined,
): string {
  const rows = series.map((one) => rowOf(one, yardstickOf(one)));
  const header = ['', unit, 'spread', 'ratio', 'spread', 'requests/s'];
  return alignRows([header, ...rows]);
}

/** The middle value, or the mean of the two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function rowOf({ label, costs, requestsPerSecond, remark }: Series, yardstick: Series | undefined): string[] {
  const known = costs.filter((cost) => cost !== undefined);
  const cost = median(known);
  if (cost === undefined) return [label, remark ?? 'no measurement'];
  const ratios = costs.flatMap((own, round) => {
    const other = yardstick?.costs[round];
    return own === undefined || other === undefined ? [] : [own / other];
  });
  const perSecond = median(requestsPerSecond.filter((value) => value !== undefined));
  const ratio = median(ratios);
  return [
    label,
    printNumber(cost),
    spread(known, printNumber),
    ratio === undefined ? '-' : ratio.toFixed(2),
    spread(ratios, (value) => value.toFixed(2)),
    perSecond === undefined ? '-' : Math.round(perSecond).toString(),
    ...(remark === undefined ? [] : [remark]),
  ];
}

function spread(values: readonly number[], print: (value: number) => string): string {
  return values.length < 2 ? '' : `${print(Math.min(...values))}-${print(Math.max(...values))}`;
}

function printNumber(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** The first column to the left, the others to the right. A row with two cells is a label and a remark. */
function alignRows(rows: readonly (readonly string[])[]): string {
  const numeric = rows.filter((row) => row.length > 2);
  const widths = Array.from({ length: 6 }, (_, column) =>
    Math.max(...(column === 0 ? rows : numeric).map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          if (row.length === 2 && column === 1) return cell;
          return column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}
