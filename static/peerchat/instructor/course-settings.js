/**
 * The settings of a course, which other instructors may change while the page is open. Without this script the page
 * is an ordinary one.
 */

import { setText, show } from "../core/dom.js";
import { leaveWhenEnded } from "../core/page.js";
import { guardEnter } from "../core/text.js";
import { PeerTransport } from "../core/transport.js";

const TOLD = new Set(["course_changed", "course_renamed", "leaders", "class_settings"]);
// Milliseconds, for the several events of one change.
const WITHIN = 300;

const page = document.querySelector("[data-part=settings]");
const stale = page.querySelector("[data-part=stale]");
const sections = () => page.querySelector("[data-part=sections]");
const { course, room, api, sockets, csrf, loginUrl } = page.dataset;
const socket = new PeerTransport(`${sockets}instructor/${course}/`, { csrf, course, room, api, leading: true });

let welcomed = false;
let asking = null;

/** Whether somebody is at a form, which must stay as it is. */
function isBusy() {
  const isChanged = ({ type, value, defaultValue, checked, defaultChecked }) =>
    type === "checkbox" || type === "radio" ? checked !== defaultChecked : value !== defaultValue;
  const isChosen = (option) => option.selected && !option.defaultSelected;
  return (
    [...page.querySelectorAll("input:not([type=hidden])")].some(isChanged) ||
    [...page.querySelectorAll("select:has([selected]) > option")].some(isChosen) ||
    page.querySelector("details.confirm[open], [aria-invalid]") !== null ||
    sections().contains(document.activeElement)
  );
}

/** What is wrong may be in a form far below the top of the page. */
function showWrong() {
  const wrong = sections().querySelector("[aria-invalid=true], [role=alert]");
  wrong?.focus();
  wrong?.scrollIntoView({ block: "center" });
}

async function refresh() {
  const answer = await fetch(location.pathname, { cache: "no-store" });
  // Whoever may not see them any more hears it from the socket.
  if (!answer.ok) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = now.querySelector("[data-part=sections]");
  if (!fresh) return;
  const { pathname } = new URL(answer.url);
  if (pathname !== location.pathname) {
    history.replaceState(history.state, "", pathname);
    const slug = now.querySelector("[data-part=settings]").dataset.course;
    socket.rename(slug, `${sockets}instructor/${slug}/`);
    document.querySelector(".lead-nav").replaceWith(now.querySelector(".lead-nav"));
  }
  document.title = now.title;
  setText(document.querySelector(".course-title"), now.querySelector(".course-title").textContent);
  if (isBusy()) show(stale, true);
  else sections().replaceWith(fresh);
}

function refreshSoon() {
  asking ??= setTimeout(() => {
    asking = null;
    // Without an answer, the next change or connection asks again.
    refresh().catch(() => {});
  }, WITHIN);
}

socket.addEventListener("frame", ({ detail }) => {
  if (TOLD.has(detail.action) || (detail.action === "welcome" && welcomed)) refreshSoon();
  if (detail.action === "welcome") welcomed = true;
});
leaveWhenEnded([socket], { loginUrl, onForbidden: () => location.reload() });
guardEnter(page);
showWrong();
socket.start();
