/**
 * Texts with markup. The HTML of questions comes from `rooms.markup`, which leaves only what is safe; nothing else in the
 * pages sets HTML. Formulas are drawn by KaTeX, which is loaded when the first one is shown.
 */

import { h, setText } from "./dom.js";
import { isPlain, parseInline } from "./inline.js";
import { gettext } from "./texts.js";

// Characters of a formula.
const LONGEST = 5000;
// Nodes in each other, and all nodes of a formula. KaTeX takes a time that grows much faster than what stands in each other.
const DEEPEST = 50;
const MOST_NODES = 6000;
const DEFINING = /\\(?:[egx]?def|let|futurelet|(?:re)?newcommand|providecommand|global|long)(?![A-Za-z])/;
// Characters that the macros of a formula may become.
const EXPANDED = 20_000;
// KaTeX may not make links, load pictures or set classes (trust), nor draw without end.
const OPTIONS = { throwOnError: true, trust: false, strict: "ignore", maxSize: 20, maxExpand: 1000 };
const FONTS = new URL("../vendor/katex/fonts.css", import.meta.url);
const SHEET = new URL("../vendor/katex/katex.css", import.meta.url);
// Neither a way back nor a hint where it was followed.
const REL = ["noopener", "noreferrer", "nofollow"];
const LINK = { target: "_blank", rel: REL.join(" ") };

/**
 * Show a text, or the HTML that the server made of it, if it made any. Returns a promise that is resolved when the
 * formulas are drawn. The same again changes nothing. An event `drawn` says that the size may have changed.
 */
export function showRich(element, { text = "", html = null }) {
  const last = shown.get(element);
  if (last && last.text === text && last.html === html) return last.done;
  element.dir = "auto";
  element.classList.toggle("rich", Boolean(html));
  if (html) element.innerHTML = html;
  else setText(element, text ?? "");
  const done = html ? enrich(element) : Promise.resolve();
  shown.set(element, { text, html, done });
  return done;
}

const shown = new WeakMap();

/**
 * Show a message with its markup. `words` makes the children out of each piece of plain text, such as marked names.
 * Returns a promise like that of `showRich`.
 */
export function showInline(element, text, words = (piece) => [piece]) {
  const parts = parseInline(text);
  element.dir = "auto";
  element.classList.toggle("rich", !isPlain(parts));
  element.replaceChildren(...nodesOf(parts, words));
  return enrich(element);
}

function nodesOf(parts, words) {
  return parts.flatMap((part) => {
    if (part.type === "text") return words(part.text);
    if (part.type === "code") return [h("code", { class: part.isBlock && "lines" }, part.text)];
    if (part.type === "math") return [h("span", { class: "math", data: { display: part.display } }, part.text)];
    if (part.type === "link") return [h("a", { href: part.href, title: part.href, ...LINK }, nodesOf(part.parts, words))];
    return [h(part.type, {}, nodesOf(part.parts, words))];
  });
}

/** What the template filters of `peerchat_rich` write: HTML that is there with the page. */
export class PeerRich extends HTMLElement {
  connectedCallback() {
    enrich(this);
  }
}

customElements.define("peer-rich", PeerRich);

/**
 * Give the pictures in an element their addresses, and draw the formulas, as soon as it is in the page. The functions
 * above and `peer-rich` do this themselves.
 */
export async function enrich(element) {
  const pictures = [...element.querySelectorAll("img[data-picture]:not([src])")];
  const formulas = [...element.querySelectorAll(".math:not([data-state])")];
  if (!pictures.length && !formulas.length) return;
  await inPage(element);
  const prefix = around(element, "[data-pictures]")?.dataset.pictures;
  for (const picture of pictures) {
    picture.addEventListener("load", () => tell(element));
    if (prefix) picture.src = `${prefix}${picture.dataset.picture}/`;
  }
  if (!formulas.length) return;
  try {
    const [katex] = await Promise.all([load(), style(element.getRootNode())]);
    for (const formula of formulas) draw(katex, formula);
    tell(element);
    await document.fonts.ready;
    tell(element);
  } catch {
    // Their source stays to be read where KaTeX cannot be loaded.
  }
}

/** The event `drawn` says that what is in an element has another size now. */
function tell(element) {
  element.dispatchEvent(new Event("drawn", { bubbles: true, composed: true }));
}

/** Elements are often filled just before they are put into the page. */
async function inPage(element) {
  await Promise.resolve();
  if (element.isConnected) return;
  await new Promise((resolve) => {
    const observer = new IntersectionObserver(() => {
      if (!element.isConnected) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(element);
  });
}

/** The nearest element around that a selector names, beyond shadow trees, too. */
function around(element, selector) {
  for (let one = element; one; one = one.getRootNode().host) {
    const found = one.closest(selector);
    if (found) return found;
  }
  return null;
}

let loading = null;

function load() {
  loading ??= Promise.all([import("../vendor/katex/katex.js"), import("../vendor/katex/mhchem.js")]).then(([{ default: katex }]) => katex);
  loading.catch(() => {
    // The next formula tries again.
    loading = null;
  });
  return loading;
}

const styled = new WeakMap();

/** Link KaTeX's sheet in a document or a shadow tree; the fonts have to be in the document. */
function style(root) {
  if (!styled.has(document)) styled.set(document, link(document.head, FONTS));
  const key = root === document ? document.head : root;
  if (!styled.has(key)) styled.set(key, link(key, SHEET));
  return Promise.all([styled.get(document), styled.get(key)]);
}

function link(place, address) {
  const nonce = document.querySelector("script[nonce], link[nonce]")?.nonce;
  const sheet = h("link", { rel: "stylesheet", href: address.href, nonce: nonce || null });
  const loaded = new Promise((resolve, reject) => {
    sheet.addEventListener("load", resolve);
    sheet.addEventListener("error", reject);
  });
  place.append(sheet);
  return loaded;
}

function draw(katex, formula) {
  const source = formula.textContent;
  const box = h("span");
  try {
    if (source.length > LONGEST) throw new Error("too long");
    const maxExpand = DEFINING.test(source) ? Math.floor(EXPANDED / source.length) : OPTIONS.maxExpand;
    // A formula's own macros are not for the next one.
    const options = () => ({ ...OPTIONS, maxExpand, displayMode: formula.dataset.display === "block", macros: {} });
    // Anybody may write a formula into a message, which then must not hold up the pages of the others.
    check(katex.__parse(source, options()));
    katex.render(source, box, options());
    formula.replaceChildren(...box.childNodes);
    formula.dataset.state = "drawn";
  } catch {
    const why = gettext("This formula has a mistake. It is shown as it was typed.");
    formula.title = why;
    formula.dataset.state = "bad";
    formula.append(h("span", { class: "hidden-label" }, ` (${why})`));
  }
}

/** Throw for a parsed formula that would take long to draw. */
function check(tree) {
  let nodes = 0;
  const look = (part, depth) => {
    if (typeof part !== "object" || part === null) return;
    const isNode = typeof part.type === "string" && typeof part.mode === "string";
    nodes += isNode;
    const here = depth + isNode;
    if (here > DEEPEST || nodes > MOST_NODES) throw new Error("too much");
    for (const [name, value] of Object.entries(part)) if (name !== "loc") look(value, here);
  };
  look(tree, 0);
}
