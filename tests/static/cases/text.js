import { cut, guardEnter, isComposing, isolated, lengthOf, limitLength, shows, trimmed } from "/static/peerchat/core/text.js";
import { shortened } from "/static/peerchat/chat/message-row.js";
import { equal } from "./check.js";

export function whatCanBeSeen() {
  equal(["", " \n\t\u3000", "\u200b\u200b\u200b", "\u3164\u115f\u2800", "\u202e\ufe0f\u034f", "\u0001"].map(shows), Array(6).fill(false));
  equal(["x", "上", "👋", "\u0301", "²", " א"].map(shows), Array(6).fill(true));
}

export function theFirstLineKeepsItsIndent() {
  equal(trimmed("\n  \n    def f():\n        return 1\n\n"), "    def f():\n        return 1");
  equal([trimmed(" \n "), trimmed("x ")], ["", "x"]);
}

export function charactersAreCountedAndNeverHalved() {
  equal([lengthOf("👋a"), cut("👋👋👋", 2), shortened("👋".repeat(201))], [2, "👋👋", `${"👋".repeat(200)}…`]);
}

export function namesFromRightToLeftAreIsolated() {
  equal([isolated("Ann"), isolated("עדה"), isolated("\u202eAnn\u2069")], ["Ann", "\u2068עדה\u2069", "\u2068Ann\u2069"]);
}

/** A field of the page; `type(value, caret, fields)` is what a browser does with what one types. */
function field() {
  const input = document.createElement("textarea");
  document.body.append(input);
  const type = (value, caret = value.length, fields = {}) => {
    input.value = value;
    input.setSelectionRange(caret, caret);
    input.dispatchEvent(new InputEvent("input", fields));
  };
  return { input, type };
}

export function aFieldHoldsAsManyCharactersAsTheServer() {
  const { input, type } = field();
  const heard = [];
  input.addEventListener("input", () => heard.push(input.value));
  limitLength(input, () => 3);
  type("👋👋👋");
  equal(input.value, "👋👋👋");
  type("👋👋👋👋");
  equal([input.value, heard.at(-1)], ["👋👋👋", "👋👋👋"]);
  // What is typed goes, not what was there after it.
  type("aXbc", 2);
  equal([input.value, input.selectionEnd], ["abc", 1]);
  type("xxxxxbc", 5);
  equal([input.value, input.selectionEnd], ["xbc", 1]);
}

export function aCompositionMayBeLongerUntilItEnds() {
  const { input, type } = field();
  limitLength(input, () => 2);
  type("nih", 3, { isComposing: true });
  equal(input.value, "nih");
  input.dispatchEvent(new CompositionEvent("compositionend"));
  equal(input.value, "ni");
}

const enter = (fields) => new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...fields });

export function theEnterOfACompositionIsTold() {
  equal([{}, { isComposing: true }, { keyCode: 229 }, { keyCode: 13 }].map((one) => isComposing(enter(one))), [false, true, true, false]);
}

export function theEnterOfACompositionSubmitsNothing() {
  const { input } = field();
  guardEnter(document.body);
  equal([{}, { isComposing: true }, { keyCode: 229 }].map((one) => input.dispatchEvent(enter(one))), [true, false, false]);
}
