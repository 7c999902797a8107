/**
 * The log-in page: where many log in at once, it tries again by itself and keeps what was typed.
 * Without this script the form is an ordinary one.
 */

import { setText, show } from "./dom.js";

const MOST_TRIES = 30;
// Seconds before the next try where the server does not say, as behind a network that is away.
const WAIT = 3;

let tries = 0;
let timer;

const theForm = () => document.getElementById("log-in");

async function tryNow() {
  clearTimeout(timer);
  const form = theForm();
  const button = form.querySelector("button");
  button.disabled = true;
  let answer;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      redirect: "manual",
      cache: "no-store",
    });
  } catch {
    return tryLater("The site cannot be reached.", WAIT);
  } finally {
    button.disabled = false;
  }
  if (answer.type === "opaqueredirect") return goOn(form);
  if (answer.status === 503) {
    const seconds = Number(answer.headers.get("Retry-After")) || WAIT;
    return tryLater("Many people are logging in at this moment.", seconds);
  }
  return showAnswer(await answer.text());
}

/** The server knows who is there now, and leads on to where they wanted to go. */
function goOn(form) {
  const page = new URL(form.action);
  const next = form.elements.next.value;
  if (next) page.searchParams.set("next", next);
  location.replace(page);
}

function tryLater(why, seconds) {
  tries += 1;
  if (tries >= MOST_TRIES) return say(`${why} Try again later.`);
  // The server gives whole seconds, and the same to several.
  timer = setTimeout(tryNow, (seconds + Math.random()) * 1000);
  return say(`${why} This page tries again by itself, within ${seconds + 1} seconds.`);
}

function say(text) {
  const place = document.querySelector('[data-testid="log-in-waits"]');
  setText(place, text);
  show(place, Boolean(text));
}

/** The page that came, as if the browser had gone there. */
function showAnswer(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main") ?? page.body);
  document.title = page.title;
  document.querySelector("[autofocus]")?.focus();
}

document.addEventListener("submit", (event) => {
  if (event.target !== theForm()) return;
  event.preventDefault();
  tries = 0;
  say("");
  tryNow();
});

// What is half typed is not sent.
document.addEventListener("input", () => {
  clearTimeout(timer);
  say("");
});
