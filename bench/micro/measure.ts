// Measures one small function: nanoseconds per call, as the median of batches, and as a ratio to a baseline.

const WARM_UP_MS = 100;
const BATCH_MS = 40;
const BATCHES = 9;

/** Results go here, so that the compiler cannot leave a call out because nobody looks at what it returns. */
export const sink: { last: unknown } = { last: undefined };

/**
 * Calls `fn` over and over, prints and answers its cost in nanoseconds per call. `fn` returns what it computed; if it
 * has a different path for the same input twice, it must vary the input itself. With a baseline (what an earlier call
 * answered) the ratio to it is printed too.
 */
export function measure(name: string, fn: () => unknown, baselineNs?: number): number {
  const calls = callsPerBatch(fn);
  const costs = Array.from({ length: BATCHES }, () => (timeCalls(fn, calls) * 1e6) / calls).sort((a, b) => a - b);
  const cost = costs[BATCHES >> 1] ?? Number.NaN;
  const spread = `${printNs(costs[0])}-${printNs(costs.at(-1))}`;
  const ratio = baselineNs === undefined ? '' : `${(cost / baselineNs).toFixed(2)} x`;
  console.log(
    `  ${name.padEnd(48)} ${printNs(cost).padStart(9)} ns  ${spread.padStart(17)}  ${ratio.padStart(8)}`.trimEnd(),
  );
  return cost;
}

/** Takes items in turn, so that a function under measurement sees others than the one before. */
export function inTurn<T>(items: readonly [T, ...T[]]): () => T {
  let index = 0;
  return function nextItem() {
    index = index + 1 === items.length ? 0 : index + 1;
    return items[index] as T;
  };
}

function callsPerBatch(fn: () => unknown): number {
  let calls = 1;
  let tookMs = 0;
  for (const endMs = performance.now() + WARM_UP_MS; performance.now() < endMs; ) {
    calls = tookMs < BATCH_MS ? calls * 2 : calls;
    tookMs = timeCalls(fn, calls);
  }
  return Math.max(1, Math.round((calls * BATCH_MS) / Math.max(tookMs, 0.001)));
}

function timeCalls(fn: () => unknown, calls: number): number {
  const startMs = performance.now();
  for (let call = 0; call < calls; call++) sink.last = fn();
  return performance.now() - startMs;
}

function printNs(ns: number | undefined): string {
  return ns === undefined ? '?' : ns < 1000 ? ns.toFixed(1) : ns.toFixed(0);
}
