/**
 * The answers to questions of every kind, as pure functions. An answer is one string, as in a vote: "B" for one
 * choice, "ACD" for several, "9.81" for a number, or a short text.
 */

import { seen, shows } from "./text.js";

/** Characters in an answer in words, as on the server. */
export const ANSWER_LIMIT = 200;
/** The bar of the groups that are too small for bars of their own. */
export const REST = "…";

const WITHOUT_CHOICES = new Set(["number", "text"]);
const FINAL_MARKS = /[.,;:!?。、،؛؟।\u037e ]+$/u;
const TO = " – ";
// A share of the number; what a sum of decimals is off.
const ROUNDING = 1e-9;

/** Whether students choose among given answers. */
export function hasChoices({ kind }) {
  return !WITHOUT_CHOICES.has(kind);
}

/** Whether nothing is right or wrong. */
export function isPoll({ kind }) {
  return kind === "poll";
}

/** The answer that has these letters. */
export function ofLetters(letters) {
  return [...letters].sort().join("");
}

/** A short text as it is sent: on one line, without blanks around it. Empty for one of which nothing can be seen. */
export function readText(typed) {
  return shows(typed) ? typed.normalize("NFC").replace(/\s+/g, " ").trim().replaceAll(REST, "...") : "";
}

/** What all texts that count as the same answer have in common. */
export function folded(text) {
  const plain = seen(text).normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC").replace(/\s+/g, " ").trim();
  return plain.replace(FINAL_MARKS, "") || plain;
}

/** Whether two answers to a question are the same. Null is the answer of those who gave none. */
export function sameAnswer(question, one, other) {
  if (one === null || other === null) return one === other;
  return keyOf(question, one) === keyOf(question, other);
}

/** What answers that count as the same have in common. */
export function keyOf({ kind }, answer) {
  if (kind === "number") return String(Number(answer));
  return kind === "text" ? folded(answer) : answer;
}

/**
 * Whether an answer is right, by what came with the result: `correct`, `right` (the bars that are) and `tolerance`.
 * Null if there is no right answer.
 */
export function isRight(question, answer, { correct = null, right = null, tolerance = 0 }) {
  if (isPoll(question) || (correct === null && !right?.length)) return null;
  if (question.kind === "text") return [correct, ...(right ?? [])].some((one) => one !== null && sameAnswer(question, one, answer));
  if (question.kind !== "number") return answer === correct;
  if (correct === null) return right.some((bar) => isIn(bar, answer));
  const [value, wanted] = [Number(answer), Number(correct)];
  return Math.abs(value - wanted) <= (tolerance ?? 0) + ROUNDING * Math.max(Math.abs(value), Math.abs(wanted), tolerance ?? 0);
}

/** The first and the last number of a bar: of one number, or of a range "a – b". */
export function endsOf(bar) {
  const [first, last = first] = bar.split(TO).map(Number);
  return [first, last];
}

/** Whether a number belongs to a bar. */
function isIn(bar, answer) {
  const [first, last] = endsOf(bar);
  return first <= Number(answer) && Number(answer) <= last;
}

/** The bar of a number. A range ends before its last number; the outermost ones take in what is far away. */
function nearest(bars, value) {
  const distance = (bar) => {
    const [first, last] = endsOf(bar);
    return Math.max(first - value, value - last, 0);
  };
  const least = Math.min(...bars.map(distance));
  return bars.filter((bar) => distance(bar) === least).slice(-1);
}

/** The bars, of those named, to which an answer belongs. */
export function barsOfAnswer(question, answer, bars) {
  if (answer === null) return [];
  if (hasChoices(question)) return bars.filter((bar) => answer.includes(bar));
  if (question.kind === "number") return nearest(bars, Number(answer));
  const own = bars.filter((bar) => bar !== REST && sameAnswer(question, bar, answer));
  return own.length ? own : bars.filter((bar) => bar === REST);
}
