/** What a page says of its course, which may change while it is open. */

import { setAttribute, setText, show } from "./dom.js";

const HEADING = ".course-title";
const LEADING = new Set(["assistant", "instructor"]);

/** Show whether the course is archived, in the notice that is there for it, and hide what waits for a class. */
export function showArchived(notice, { archived }) {
  // Until the server has said it, the page says what it was made with.
  if (!notice || archived === undefined) return;
  show(notice, archived);
  notice.closest("peer-app, peer-dashboard")?.toggleAttribute("data-archived", archived);
}

/**
 * Show the title of the course and the way to lead it, on a page of peerchat. Returns the title that the document has
 * from then on, without what comes before it.
 */
export function showCourse({ title, role }, documentTitle) {
  const heading = document.querySelector(HEADING);
  const before = heading.textContent;
  setText(heading, title);
  const lead = document.querySelector(".site-middle [data-part=lead]");
  if (lead && role) {
    const { origin, pathname } = location;
    setAttribute(lead, "href", LEADING.has(role) ? new URL("instructor/", origin + pathname).href : null);
    show(lead, LEADING.has(role));
  }
  return documentTitle.startsWith(before) ? title + documentTitle.slice(before.length) : documentTitle;
}
