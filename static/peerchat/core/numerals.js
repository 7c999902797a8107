/** Numbers as people write them, by the rules of `rooms/peer/numerals.py`. */

import { seen } from "./text.js";

const SMALLEST = 1e-100;
const GREATEST = 1e100;
const EASTERN_DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/g;
const MINUS_SIGNS = /[\u2212\u2012\u2013\ufe63\uff0d]/g;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
// A power of ten after a number, with `^` or superscripts: `*10^3`.
const POWER = /\s*[×·⋅*x]\s*10(?:\s*\^\s*([-+]?\d{1,4})|([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}))/giu;
// A power without its multiplication sign: `10²`. Its usual characters would mean 102.
const RAISED = /(?:^|[\d.,])\s*[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]/u;
const NUMERAL = /^([-+]?)(?:(\d{1,3}(?:([ '’,.])\d{3}(?:\3\d{3})*)|\d+)?(?:([.,])(\d*))?(?:e([-+]?\d{1,4}))?)$/i;

/**
 * A number as it is sent, from what a person typed: with a comma or a point, thousands, an exponent, or the unit before
 * or after it. Null for what is no number.
 */
export function readNumber(typed, unit = "") {
  const found = numeral(typed, unit);
  if (!found) return null;
  const [, sign, whole = "", by, point, part = "", power = "0"] = found;
  if (!/\d/.test(whole + part)) return null;
  const digits = plain(whole, { by, point, part });
  if (digits === null) return null;
  const value = Number(`${sign}${digits}e${power}`);
  // Zero has no sign.
  if (value === 0) return "0";
  return Math.abs(value) >= SMALLEST && Math.abs(value) <= GREATEST ? String(value) : null;
}

/**
 * What somebody may have meant who typed a number with one separator before exactly three digits: the number without
 * it. Null where nobody can mean thousands, as with `point`, which is the decimal separator of the page.
 */
export function meantThousands(typed, unit, point) {
  const found = numeral(typed, unit);
  const [, sign, whole = "", by, after] = found ?? [];
  if ((by !== "." && by !== ",") || by === point || after !== undefined || whole.startsWith("0")) return null;
  const parts = whole.split(by);
  return parts.length === 2 ? sign + parts.join("") : null;
}

function numeral(typed, unit) {
  const signed = seen(typed)
    .replace(EASTERN_DIGITS, (digit) => digit.charCodeAt(0) & 15)
    .replace(MINUS_SIGNS, "-")
    .replaceAll("\u066b", ".")
    .replaceAll("\u066c", "'")
    .replace(POWER, (_, usual, raised) => `e${usual ?? lowered(raised)}`);
  const bare = signed.trim();
  if (RAISED.test(unit && bare.endsWith(unit) ? bare.slice(0, -unit.length) : bare)) return null;
  return NUMERAL.exec(without(narrow(unit), narrow(signed)));
}

function lowered(raised) {
  return [...raised].map((sign) => (SUPERSCRIPTS.includes(sign) ? SUPERSCRIPTS.indexOf(sign) : sign === "⁻" ? "-" : "+")).join("");
}

/** A text in its usual characters, with single blanks and none after a first sign. */
function narrow(text) {
  return seen(text).normalize("NFKC").replace(/\s+/g, " ").trim().replace(/^([-+]) /, "$1");
}

/** A text without the unit at its end or its beginning. */
function without(unit, text) {
  for (const known of new Set([unit, unit.replaceAll(" ", "")])) {
    for (const [given, name] of [[text, known], [text.replaceAll(" ", ""), known], [text.replaceAll("^", ""), known.replaceAll("^", "")]]) {
      if (name && given.length > name.length && given.endsWith(name)) return given.slice(0, -name.length).trim();
      if (name && given.length > name.length && given.startsWith(name)) return given.slice(name.length).trim();
    }
  }
  return text;
}

/** The digits of a numeral with a decimal point, or null where a separator has two meanings. */
function plain(whole, { by, point, part }) {
  if ((by === "." || by === ",") && point === undefined && whole.split(by).length === 2) return whole.replace(by, ".");
  if (by === undefined) return `${whole || 0}.${part}`;
  return by === point ? null : `${whole.replaceAll(by, "")}.${part}`;
}
