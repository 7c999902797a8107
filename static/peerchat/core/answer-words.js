/** Answers in words for people. Several letters are in a list, numbers have their unit, and texts are in quotes. */

import { hasChoices, REST, sameAnswer } from "./answers.js";
import { list } from "./format.js";
import { meantThousands, readNumber } from "./numerals.js";
import { cut, isolated, lengthOf } from "./text.js";
import { fill, gettext, locale } from "./texts.js";

// As on the wire.
const NUMBERS = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;
const POINT = new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === "decimal")?.value ?? ".";
const SUPERSCRIPTS = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((sign, digit) => [digit, sign])) };
// Right texts that a sentence names, and the characters of each where there are several.
const MOST_TEXTS = 5;
const AMONG_OTHERS = 60;

/** A number as people type it: with the decimal separator of their language. */
export function typedNumber(number) {
  return number.replace(".", POINT);
}

/** A number, or a range of two, as people read it. */
export function numberWords(text) {
  return text.replace(NUMBERS, (one) => {
    const [digits, power] = one.split("e");
    const shown = typedNumber(digits).replace("-", "\u2212");
    if (power === undefined) return shown;
    return `${shown} × 10${[...String(Number(power))].map((sign) => SUPERSCRIPTS[sign]).join("")}`;
  });
}

/** What a page says below a typed number that somebody may have meant in thousands; else nothing. */
export function readAs(typed, unit = "") {
  const meant = meantThousands(typed, unit, POINT);
  const read = meant && readNumber(typed, unit);
  if (!read) return "";
  return fill(gettext("This is read as %(number)s. If you mean %(other)s, type it without the separator."), { number: numberWords(read), other: numberWords(meant) });
}

/** A number with its unit. */
export function withUnit(words, unit) {
  return unit ? fill(gettext("%(number)s %(unit)s"), { number: words, unit: isolated(unit) }) : words;
}

export function quoted(text) {
  return fill(gettext("“%(text)s”"), { text: isolated(text) });
}

/** An answer in words; a text has no more than `most` characters. */
export function answerWords(question, answer, { most = Infinity } = {}) {
  if (question.kind === "number") return withUnit(numberWords(answer), question.unit);
  if (question.kind === "text") return quoted(lengthOf(answer) > most ? `${cut(answer, most - 1).trimEnd()}…` : answer);
  return list([...answer]);
}

/** What a bar of numbers or texts stands for. */
export function barWords(question, bar) {
  return bar === REST ? gettext("all other answers") : answerWords(question, bar);
}

/** The right answer in words, by what came with the result; null if there is none. */
export function rightWords(question, { correct = null, right = null, tolerance = 0 }) {
  if (question.kind === "text") {
    const texts = [];
    for (const text of [correct, ...(right ?? [])]) {
      if (text !== null && !texts.some((one) => sameAnswer(question, one, text))) texts.push(text);
    }
    return texts.length ? list(texts.slice(0, MOST_TEXTS).map((text) => answerWords(question, text, { most: texts.length > 1 ? AMONG_OTHERS : Infinity }))) : null;
  }
  if (correct === null) return hasChoices(question) && right?.length ? list(right) : null;
  if (question.kind !== "number") return answerWords(question, correct);
  const number = numberWords(correct);
  const range = tolerance ? fill(gettext("%(number)s ± %(tolerance)s"), { number, tolerance: numberWords(String(tolerance)) }) : number;
  return withUnit(range, question.unit);
}
