/**
 * The content of a question as plain data, with the fields of the API: what of it differs, how it is stored, and what
 * two people made of the same one. Pure.
 */

import { shows, trimmed } from "../core/text.js";

const FIELDS = ["kind", "title", "prompt", "choices", "number", "tolerance", "unit", "accepted", "explanation", "follow_up", "tags", "twin_of", "draft"];
const PARTS_OF_CHOICES = ["text", "correct", "feedback"];

export const WITH_CHOICES = new Set(["single", "several", "poll"]);
/** The most choices of a question. */
export const MOST_CHOICES = 26;

export function letterAt(index) {
  return String.fromCharCode(65 + index);
}

/** The fields of a content alone. */
export function contentOf(question) {
  // Older servers know no twins.
  return Object.fromEntries(FIELDS.map((field) => [field, question[field] ?? null]));
}

/** A content as the server stores it, as far as that tells whether something was changed. */
export function stored(content) {
  const { kind } = content;
  const isNumber = kind === "number";
  return {
    ...content,
    title: onOneLine(content.title),
    prompt: text(content.prompt),
    choices: WITH_CHOICES.has(kind)
      ? content.choices.map(({ text: words, correct, feedback }) => ({ text: text(words), correct: correct && kind !== "poll", feedback: text(feedback) }))
      : [],
    number: isNumber ? content.number : null,
    tolerance: isNumber ? content.tolerance : 0,
    unit: isNumber ? onOneLine(content.unit) : "",
    accepted: kind === "text" ? once(content.accepted) : [],
    explanation: text(content.explanation),
    follow_up: text(content.follow_up),
    tags: once(content.tags),
  };
}

export function isSame(one, other) {
  return JSON.stringify(stored(one)) === JSON.stringify(stored(other));
}

/**
 * What becomes of a content that two people have changed: `{merged, conflicts}`. Fields that only one of them changed
 * are as that one wants them. `conflicts` are the fields, or `choices` as a whole, that both changed differently; in
 * `merged` they are mine.
 */
export function merge(base, mine, theirs) {
  const [before, ours, others] = [base, mine, theirs].map(stored);
  const merged = { ...mine };
  const conflicts = [];
  for (const field of FIELDS) {
    const choices = field === "choices" ? mergeChoices(before.choices, ours.choices, others.choices) : null;
    if (equal(ours[field], others[field]) || equal(before[field], others[field])) continue;
    if (equal(before[field], ours[field])) merged[field] = theirs[field];
    else if (choices) merged.choices = choices;
    else conflicts.push(field);
  }
  return { merged, conflicts };
}

/** The choices with the changes of both, or null where they cannot be told apart. */
function mergeChoices(before, ours, others) {
  if (before.length !== ours.length || before.length !== others.length) return null;
  const merged = [];
  for (const [index, was] of before.entries()) {
    const choice = {};
    for (const part of PARTS_OF_CHOICES) {
      const [own, other] = [ours[index][part], others[index][part]];
      if (own !== was[part] && other !== was[part] && own !== other) return null;
      choice[part] = own === was[part] ? other : own;
    }
    merged.push(choice);
  }
  return merged;
}

/** The number that somebody typed, null for nothing, or the text itself if it is none. A comma may be the point. */
export function numberIn(typed) {
  const plain = typed.replace(/[\s\u202f]/gu, "").replace(/\u2212/gu, "-").replace(",", ".");
  if (plain === "") return null;
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/iu.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : typed;
}

function text(words) {
  return trimmed(words.replaceAll(/\r\n?/g, "\n"));
}

function onOneLine(words) {
  return words.split(/\s+/u).filter(Boolean).join(" ");
}

function once(texts) {
  const found = new Map();
  for (const one of texts.map(onOneLine).filter(shows)) {
    const key = one.toLowerCase();
    if (!found.has(key)) found.set(key, one);
  }
  return [...found.values()];
}

function equal(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
