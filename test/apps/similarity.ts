// How alike two texts are, by their words.

/** From 0 (no word in common) to 1 (the same words, each as often); 1 for two empty texts. Order does not count. */
export function similarity(first: string, second: string): number {
  const [left, right] = [wordsOf(first), wordsOf(second)];
  if (left.length + right.length === 0) return 1;
  const counts = new Map<string, number>();
  for (const word of left) counts.set(word, (counts.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of right) {
    const count = counts.get(word) ?? 0;
    if (count > 0) common++;
    counts.set(word, count - 1);
  }
  return (2 * common) / (left.length + right.length);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
