/** The votes of both rounds as rows of bars, as pure functions. */

import { barsOfAnswer, endsOf, hasChoices, isPoll, keyOf, REST, sameAnswer } from "./answers.js";

/**
 * The rows of a question, in the order in which they are shown: `{key, counts, isRight, own}`, and `text` and `html`
 * for those of choices.
 *
 * `histograms`: the votes by bar, for each round; `correct` and `right`: as they come with the result, both null
 * as long as nobody may know; `own`: the reader's answers of both rounds.
 */
export function rowsOf({ question, histograms, correct = null, right = null, own = [] }) {
  const rounds = histograms.map((one) => countsOf(question, one));
  const keys = hasChoices(question) ? question.choices.map(({ choice }) => choice) : keysOf(question, rounds);
  const rightKeys = new Set(rightOf(question, keys, { correct, right }));
  const ownKeys = own.map((answer) => barsOfAnswer(question, answer, keys));
  const wording = new Map(question.choices.map((one) => [one.choice, one]));
  return keys.map((key) => ({
    key,
    text: wording.get(key)?.text ?? null,
    html: wording.get(key)?.html ?? null,
    counts: rounds.map((counts) => counts.get(barKey(question, key))?.count ?? 0),
    isRight: rightKeys.has(key),
    own: ownKeys.map((bars) => bars.includes(key)),
  }));
}

/** The number of votes in each round. Where a vote is in several bars, their sum says too much. */
export function votersOf({ question, histograms, voters = null }) {
  return histograms.map((histogram, index) => {
    const counts = Object.values(histogram);
    return voters?.[index] ?? (question.kind === "several" ? Math.max(0, ...counts) : sum(counts));
  });
}

/** As many rows as fit where there is little room: the right ones and the first, and what is left in one. */
export function fewest(rows, most) {
  if (rows.length <= most) return rows;
  const named = rows.filter(({ key }) => key !== REST);
  const first = [...named.filter(({ isRight }) => isRight), ...named.filter(({ isRight }) => !isRight)];
  const kept = new Set(first.slice(0, most));
  const others = rows.filter((row) => !kept.has(row));
  const rest = { ...others[0], key: REST, isRight: false, own: others[0].own.map((_, round) => others.some(({ own }) => own[round])) };
  rest.counts = others[0].counts.map((_, round) => sum(others.map(({ counts }) => counts[round])));
  return [...named.filter((row) => kept.has(row)), rest];
}

/** A round's votes: for what answers have in common, the bar and its votes. */
function countsOf(question, histogram) {
  const counts = new Map();
  for (const [bar, count] of Object.entries(histogram)) {
    const key = barKey(question, bar);
    const known = counts.get(key);
    counts.set(key, { bar: known?.bar ?? bar, count: (known?.count ?? 0) + count });
  }
  return counts;
}

/** The names of the bars in order, as an object has those first that look like whole numbers. */
function keysOf(question, rounds) {
  const all = new Map();
  for (const counts of rounds) {
    for (const [key, { bar, count }] of counts) {
      const known = all.get(key);
      all.set(key, { bar: known?.bar ?? bar, count: (known?.count ?? 0) + count });
    }
  }
  const bars = [...all.values()];
  const isBefore =
    question.kind === "number"
      ? (a, b) => endsOf(a.bar)[0] - endsOf(b.bar)[0] || endsOf(a.bar)[1] - endsOf(b.bar)[1]
      : (a, b) => (a.bar === REST) - (b.bar === REST) || b.count - a.count;
  return bars.sort(isBefore).map(({ bar }) => bar);
}

function rightOf(question, keys, { correct, right }) {
  if (isPoll(question)) return [];
  if (right) return keys.filter((key) => right.some((one) => barKey(question, one) === barKey(question, key)));
  if (correct === null) return [];
  if (hasChoices(question)) return keys.filter((key) => correct.includes(key));
  return keys.filter((key) => key !== REST && sameAnswer(question, key, correct));
}

/** What bars have in common that are one. A range is no number. */
function barKey(question, bar) {
  if (question.kind === "number" && endsOf(bar)[0] !== endsOf(bar)[1]) return bar;
  return keyOf(question, bar);
}

function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}
