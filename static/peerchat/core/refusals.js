/** Sentences for what did not work. The texts of the wire are for programs, in English. */

import { number, timeOf } from "./format.js";
import { fill, gettext, ngettext } from "./texts.js";

const UNREACHABLE = gettext("Cannot reach the server. Try again in a moment.");
const SENTENCES = {
  authentication_required: gettext("You are logged out. Reload the page and log in again."),
  invalid_token: gettext("You are logged out. Reload the page and log in again."),
  course_archived: gettext("This course is archived. It can be read, but not changed."),
  permission_denied: gettext("You are not allowed to do this."),
  invalid_room_id: gettext("This room no longer exists, or you do not have access to it."),
  empty_text: gettext("The text is empty."),
  text_too_long: gettext("The text is too long."),
  no_partner: gettext("There is no partner for you yet."),
  round_closed: gettext("Voting is closed."),
  illegal_transition: gettext("This is not possible in the current step of the class."),
  question_not_ready: gettext("This question is not ready to be asked. Finish it first."),
  invalid_choice: gettext("The question no longer has this answer."),
  incomplete_vote: gettext("The class asks for more than the answer now. Fill in what is marked as required."),
  uuid_reused: gettext("The server already has another message under this name. Write it again."),
  not_a_picture: gettext("This is no picture that can be read. PNG, JPEG, GIF and WebP can."),
  picture_too_large: gettext("This picture is too large. Make it smaller and try again."),
  too_many_pixels: gettext("This picture has too many pixels. Make it smaller and try again."),
  too_many_pictures: gettext("This course takes no more pictures."),
  unavailable: UNREACHABLE,
  not_connected: UNREACHABLE,
  timeout: gettext("The server did not answer in time."),
};

/** Why something did not work, in a sentence for the reader. */
export function explain({ code, until = null, most = null, retryAfter = null }) {
  if (code === "permission_denied" && until !== null) {
    return fill(gettext("You are muted until %(time)s."), { time: timeOf(until) });
  }
  if (code === "permission_denied" && most !== null) {
    const text = ngettext("The limit of %(count)s room is reached.", "The limit of %(count)s rooms is reached.", most);
    return fill(text, { count: number(most) });
  }
  if (code === "rate_limited") {
    const seconds = Math.max(1, Math.ceil(retryAfter ?? 1));
    const text = ngettext(
      "That was too fast. Try again in %(count)s second.",
      "That was too fast. Try again in %(count)s seconds.",
      seconds,
    );
    return fill(text, { count: number(seconds) });
  }
  return SENTENCES[code] ?? gettext("This did not work. Reload the page and try again.");
}
