/**
 * Asks the page around a frame for a new link where the link of the frame is no longer valid.
 *
 * Both sides check the origin of a message; docs/inclusion.md describes the messages. The policy of this page lets only
 * the sites in `data-ancestors` show it, so nobody else can hear the request, which has nothing secret.
 */

import { setText, show } from "./dom.js";
import { gettext } from "./texts.js";

// Milliseconds between two requests, as the page around may not listen yet, and the number of requests.
const EVERY = 2_000;
const MOST = 5;
// Marks the address of a link that the page around has sent.
const RENEWED = "#renewed";
const RELOAD = gettext("Reload your course page to get a new link.");

const page = document.querySelector("[data-ancestors]");
const status = page.querySelector("[data-part=status]");
const again = page.querySelector("[data-part=again]");
const ancestors = page.dataset.ancestors.split(" ");

let left = 0;
let timer = null;

function ask() {
  left = MOST;
  show(again, false);
  setText(status, gettext("Asking your course page for a new link …"));
  request();
}

function request() {
  if (left === 0) {
    stop(`${gettext("Your course page did not answer.")} ${RELOAD}`);
    return;
  }
  left -= 1;
  parent.postMessage({ type: "peerchat:link-wanted", course: page.dataset.course }, "*");
  timer = setTimeout(request, EVERY);
}

function stop(text) {
  clearTimeout(timer);
  timer = null;
  setText(status, text);
  show(again, true);
}

function isAncestor(origin) {
  return ancestors.some((one) => {
    const [scheme, domain] = one.split("://*");
    return domain ? origin.startsWith(`${scheme}://`) && origin.endsWith(domain) : origin === one;
  });
}

/** The address of a new link, or null where it is not one for this frame. */
function addressOf(link) {
  try {
    const url = new URL(link, location.href);
    const isHere = url.origin === location.origin && url.pathname === location.pathname;
    return isHere && url.search !== location.search ? url : null;
  } catch {
    return null;
  }
}

addEventListener("message", ({ data, origin, source }) => {
  if (timer === null || source !== parent || !isAncestor(origin) || data?.type !== "peerchat:link") return;
  const url = addressOf(data.link);
  if (url === null) {
    stop(`${gettext("Your course page sent a link that is not a new one for this class.")} ${RELOAD}`);
    return;
  }
  url.hash = RENEWED;
  location.replace(url);
});

again.addEventListener("click", ask);

// A link that was sent and does not work either must not be asked for without end.
const [navigation] = performance.getEntriesByType("navigation");
if (parent !== window) {
  if (location.hash === RENEWED && navigation?.type === "navigate") stop(`${gettext("The new link does not work either.")} ${RELOAD}`);
  else ask();
}
