/** Show a text that is in Markdown: `html` is what the server made of it, where it is more than plain words. */
export function showRich(element, { text }) {
  element.textContent = text;
  element.dir = "auto";
}
