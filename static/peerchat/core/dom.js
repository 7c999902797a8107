/**
 * Make an element. Children that are strings become text nodes: text of users never passes a parser.
 *
 * `props`: `class`, `data` (dataset), `on` (listeners), keys with a leading dot are properties
 * (".value"), everything else is an attribute; null, undefined and false leave it out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name.startsWith(".")) element[name.slice(1)] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set the text only where it differs, so that live regions stay quiet and selections survive. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide with the `hidden` attribute, touching the document only on a change. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Set or remove an attribute, touching the document only on a change. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value);
  }
}

/** The focused element, as seen from `element`, which may be in a shadow tree. */
export function focusedNear(element) {
  return element.getRootNode().activeElement ?? null;
}

/** Focus an element, and return whether it can be seen. */
export function enters(element) {
  if (!element?.checkVisibility()) return false;
  element.focus();
  return true;
}

/** Run `render` once per frame however often it is asked for, and in hidden tabs too. */
export function coalesce(render) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => {
      waiting = false;
      render();
    };
    // Browsers hold animation frames back in hidden tabs; timers still run there.
    if (document.hidden) setTimeout(run, 100);
    else requestAnimationFrame(run);
  };
}

let ownRegion = null;

/** A live region for pages of other sites, hidden without their style sheets. */
function makeRegion() {
  ownRegion = h("div", { role: "status", "aria-live": "polite" });
  Object.assign(ownRegion.style, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
  document.body.append(ownRegion);
  return ownRegion;
}

/** Say something politely to screen readers, through the page's one live region. */
export function announce(text) {
  const region = document.getElementById("live") ?? ownRegion ?? makeRegion();
  // The same words twice are not announced unless the region was emptied in between.
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}
