/** Fails with both values unless they are the same, all the way down. */
export function equal(actual, expected) {
  const [a, b] = [sorted(actual), sorted(expected)];
  if (a !== b) throw new Error(`got ${a}, expected ${b}`);
}

function sorted(value) {
  return JSON.stringify(value, (_, one) =>
    one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
