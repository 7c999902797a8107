import { focusedNear, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { fill, gettext } from "../core/texts.js";

// Seconds.
const SLOW = [0, 10, 30, 60];

/** A choice of the time that students wait between two messages. */
export function slowSelect(testid, choose) {
  const text = (seconds) => (seconds ? fill(gettext("%(seconds)s s apart"), { seconds: number(seconds) }) : gettext("as they like"));
  const select = h("select", { data: { testid } }, SLOW.map((seconds) => h("option", { value: seconds }, text(seconds))));
  select.addEventListener("change", () => choose(Number(select.value)));
  return select;
}

/** Show what holds now, unless somebody is about to choose. */
export function showSlow(select, seconds) {
  if (focusedNear(select) !== select && SLOW.includes(seconds)) select.value = seconds;
}

/** What was done to a room. */
export function slowWords(seconds) {
  return seconds ? fill(gettext("students wait %(seconds)s s between two messages."), { seconds: number(seconds) }) : gettext("students write as they like.");
}
