/** Rules for texts that people write. Lengths are in characters (code points), as on the server. */

// What shows nothing, as in accounts/text.py.
const UNSEEN = /^[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]*$/u;
// What may stand within a text unseen, as in accounts/text.py.
const WITHIN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const SIGNS = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;
const BLANK_LINES = /^\s*[\n\r\u2028\u2029]/;
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
// What `keyCode` says while an input method has the key, in browsers that do not say `isComposing`.
const WITH_INPUT_METHOD = 229;

/** Whether anything of a text can be seen. */
export function shows(text) {
  return !UNSEEN.test(text);
}

/** A text without marks of direction, joiners, soft hyphens and others that do not show. */
export function seen(text) {
  return text.replace(WITHIN, (character) => (SIGNS.test(character) ? character : ""));
}

/** A text without blank lines before it and white space after it; the first line keeps its indent. */
export function trimmed(text) {
  return text.trimEnd().replace(BLANK_LINES, "");
}

export function lengthOf(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** The first characters of a text. */
export function cut(text, length) {
  return Array.from(text).slice(0, length).join("");
}

/** What all names that could be taken for this one have in common. */
export function nameKey(name) {
  // Upper case first, as that folds more: ß becomes SS.
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/** A name or a text within a sentence: neither turns the other around. */
export function isolated(text) {
  if (!RIGHT_TO_LEFT.test(text) && !text.match(REORDERING)) return text;
  return `\u2068${text.replace(REORDERING, "")}\u2069`;
}

/**
 * Let a field hold no more than `limit()` characters. Browsers count an emoji as two, so `maxlength` would stop too
 * early. While an input method composes, its text may be longer.
 */
export function limitLength(field, limit) {
  const check = (event) => {
    const most = limit();
    if (event.isComposing || lengthOf(field.value) <= most) return;
    const rest = field.value.slice(field.selectionEnd);
    const before = cut(field.value.slice(0, field.selectionEnd), Math.max(most - lengthOf(rest), 0));
    field.value = cut(before + rest, most);
    field.setSelectionRange(before.length, before.length);
  };
  // Before those who read the value.
  field.addEventListener("input", check, { capture: true });
  field.addEventListener("compositionend", () => {
    check({ isComposing: false });
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/** Whether a key belongs to an input method, as the Enter that ends a composition does. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === WITH_INPUT_METHOD;
}

/** Keep the Enter that ends a composition in a field below `root` from submitting its form. */
export function guardEnter(root) {
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && isComposing(event)) event.preventDefault();
  });
}
