/**
 * The log-in page: where many log in at once, it tries again by itself and keeps what was typed.
 * Without this script the form is an ordinary one.
 */

import { setText, show } from "./dom.js";
import { guardEnter } from "./text.js";
import { fill, gettext, ngettext } from "./texts.js";

const MOST_TRIES = 30;
// Of these, log-ins whose answer was lost: the server may have counted them as wrong passwords.
const MOST_LOST = 3;
// Seconds before the next try where the server does not say, as behind a network that is away.
const WAIT = 3;
// Milliseconds until an answer counts as lost; the server takes about five seconds at the most.
const LIMIT = 20_000;

// Since the form was submitted: the tries, those whose answer was lost, and whether the form has
// got a new CSRF token after the server refused the old one.
let tries = 0;
let losses = 0;
let isRenewed = false;
// The session and the CSRF token may be others by now than this page knows.
let isOutdated = false;
let timer;
let underWay = null;

const theForm = () => document.getElementById("log-in");

async function tryNow() {
  stop();
  const own = new AbortController();
  underWay = own;
  const button = theForm().querySelector("button");
  button.disabled = true;
  try {
    const next = await logIn(theForm(), own);
    // Whoever typed, or left, has stopped it.
    if (underWay === own) next();
  } finally {
    button.disabled = false;
  }
}

/** Sends the form. Returns what is to be done then. */
async function logIn(form, own) {
  if (isOutdated) {
    const page = await ask(form, own, { method: "GET" });
    if (page?.isRedirect) return () => goOn(form);
    if (page?.status !== 200 || !renew(form, page.text)) {
      return () => tryLater(gettext("Cannot reach the site."), WAIT);
    }
  }
  // Until the answer is here.
  isOutdated = true;
  const answer = await ask(form, own, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
  });
  if (answer === null || (answer.status >= 500 && answer.status !== 503)) return lose;
  if (answer.isRedirect) return () => goOn(form);
  if (answer.status === 403) return isRenewed ? refuse : tryRenewed;
  isOutdated = false;
  if (answer.status === 503) {
    return () => tryLater(gettext("Many people are logging in right now."), answer.retryAfter || WAIT);
  }
  return () => showAnswer(answer.text);
}

/** Asks the log-in page. Returns null where no answer came within the limit. */
async function ask(form, own, options) {
  const limit = setTimeout(() => own.abort(), LIMIT);
  try {
    const answer = await fetch(form.action, {
      ...options,
      redirect: "manual",
      cache: "no-store",
      signal: own.signal,
    });
    return {
      status: answer.status,
      isRedirect: answer.type === "opaqueredirect",
      retryAfter: Number(answer.headers.get("Retry-After")),
      text: await answer.text(),
    };
  } catch {
    return null;
  } finally {
    clearTimeout(limit);
  }
}

/** The server knows who is there now, and leads on to where they wanted to go. */
function goOn(form) {
  const page = new URL(form.action);
  const next = form.elements.next.value;
  if (next) page.searchParams.set("next", next);
  location.replace(page);
}

/** Gives the form the CSRF token of the page as it is now. Returns whether it has one. */
function renew(form, text) {
  const now = parse(text).querySelector("#log-in [name=csrfmiddlewaretoken]");
  if (now) form.elements.csrfmiddlewaretoken.value = now.value;
  return Boolean(now);
}

function tryRenewed() {
  isRenewed = true;
  tryNow();
}

function refuse() {
  say(gettext("The site could not verify this form. Allow cookies and reload the page."));
}

function lose() {
  losses += 1;
  if (losses >= MOST_LOST) say(`${gettext("Cannot reach the site.")} ${gettext("Try again later.")}`);
  else tryLater(gettext("Cannot reach the site."), WAIT);
}

function tryLater(why, seconds) {
  tries += 1;
  if (tries >= MOST_TRIES) {
    say(`${why} ${gettext("Try again later.")}`);
    return;
  }
  // The server gives whole seconds, and the same to several.
  timer = setTimeout(tryNow, (seconds + Math.random()) * 1000);
  const within = seconds + 1;
  const text = ngettext(
    "This page will try again automatically within %(count)s second.",
    "This page will try again automatically within %(count)s seconds.",
    within,
  );
  say(`${why} ${fill(text, { count: within })}`);
}

/** Ends what waits or is under way. */
function stop() {
  clearTimeout(timer);
  underWay?.abort();
  underWay = null;
}

function say(text) {
  const place = document.querySelector('[data-testid="log-in-waits"]');
  if (!place) return;
  setText(place, text);
  show(place, Boolean(text));
}

const parse = (text) => new DOMParser().parseFromString(text, "text/html");

/** The page that came, as if the browser had gone there. */
function showAnswer(text) {
  const page = parse(text);
  document.querySelector("main").replaceWith(page.querySelector("main") ?? page.body);
  document.title = page.title;
  document.querySelector("[autofocus]")?.focus();
}

guardEnter(document);

document.addEventListener("submit", (event) => {
  if (event.target !== theForm()) return;
  event.preventDefault();
  tries = 0;
  losses = 0;
  isRenewed = false;
  say("");
  // What was wrong with the last log-in may not be wrong with this one.
  for (const alert of document.querySelectorAll('main [role="alert"]')) show(alert, false);
  tryNow();
});

// What is half typed is not sent.
document.addEventListener("input", () => {
  stop();
  say("");
});

addEventListener("pagehide", () => {
  stop();
  say("");
});
