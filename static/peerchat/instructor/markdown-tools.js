import { h } from "../core/dom.js";
import { gettext } from "../core/texts.js";

const TOOLS = [
  { sign: "B", name: gettext("Bold"), before: "**", after: "**", part: "bold" },
  { sign: "I", name: gettext("Italic"), before: "*", after: "*", part: "italic" },
  { sign: "<>", name: gettext("Code"), before: "`", after: "`", part: "code" },
  { sign: "∑", name: gettext("Formula"), before: "$", after: "$", part: "formula" },
];

/** Buttons for what people do not know by heart of Markdown. `field()` is the text that they change. */
export function markdownTools(field) {
  return h(
    "div",
    { class: "markdown-tools", role: "toolbar", "aria-label": gettext("Format") },
    TOOLS.map(({ sign, name, before, after, part }) =>
      h(
        "button",
        {
          type: "button",
          class: "button quiet small",
          "aria-label": name,
          title: name,
          data: { tool: part },
          on: { click: () => wrap(field(), before, after) },
        },
        h("span", { "aria-hidden": "true" }, sign),
      ),
    ),
  );
}

/** Put signs around what is selected, or around the cursor; once more takes them away. */
export function wrap(field, before, after) {
  const { value, selectionStart: start, selectionEnd: end } = field;
  const isWrapped = value.slice(start - before.length, start) === before && value.slice(end, end + after.length) === after;
  const chosen = value.slice(start, end);
  field.focus();
  if (isWrapped) {
    replace(field, start - before.length, end + after.length, chosen);
    field.setSelectionRange(start - before.length, end - before.length);
  } else {
    replace(field, start, end, `${before}${chosen}${after}`);
    field.setSelectionRange(start + before.length, end + before.length);
  }
}

/** Replace a part of a text as if it was typed, so that it can be undone. */
function replace(field, start, end, text) {
  field.setSelectionRange(start, end);
  // The only way in which browsers remember it; those without it still get the text.
  if (document.execCommand?.("insertText", false, text)) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
