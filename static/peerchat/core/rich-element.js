import { h } from "./dom.js";
import { showRich } from "./rich.js";

/** Make an element with a text of a lecturer: `html` is what the server made of it, where it is more than plain words. */
export function rich(tag, props, { text, html = null }) {
  const element = h(tag, props);
  showRich(element, { text, html });
  return element;
}
