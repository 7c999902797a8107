/**
 * The texts of the scripts in the language of the page. The catalogue is Django's, a script that pages load before
 * their modules; without it the texts are English.
 */

const { django = {} } = globalThis;

/** The language of the texts: that of the page, or in a page of another site that of the panel. */
export const language =
  document.querySelector("peer-panel")?.lang || document.documentElement.lang || navigator.language;

/**
 * The locale for dates and numbers: the language as this reader's browser prefers it, such as en-GB for English.
 * Undefined, which means the browser's own, where the language has no valid name.
 */
export const locale = preferred();

function preferred() {
  try {
    const [base] = language.split("-");
    const [valid] = Intl.getCanonicalLocales(language);
    return navigator.languages.find((one) => one.split("-")[0] === base) ?? valid;
  } catch {
    return undefined;
  }
}

export function gettext(text) {
  return django.gettext ? django.gettext(text) : text;
}

/** The translation of a text that has several, by what it is about. */
export function pgettext(context, text) {
  return django.pgettext ? django.pgettext(context, text) : text;
}

/** The form of a text for a number. */
export function ngettext(one, many, count) {
  if (django.ngettext) return django.ngettext(one, many, count);
  return count === 1 ? one : many;
}

/** A text with `%(name)s` replaced by the value of that name, and `%%` by a percent sign. */
export function fill(text, values) {
  return text.replaceAll(/%(?:\((\w+)\)s|%)/g, (_, name) => (name ? String(values[name]) : "%"));
}
