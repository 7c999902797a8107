/** What partners are told to do, as a pure function. */

import { sameAnswer } from "../core/answers.js";
import { answerWords } from "../core/answer-words.js";
import { list, shownName } from "../core/format.js";
import { isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

const MIXED = gettext("Not all of your group are in the hall. Write here, so that everyone can follow.");
// One of several that "%(others)s" below has, as in "You chose B, Ada chose A and Carl chose C."
const CHOSE = gettext("%(name)s chose %(choice)s");

/** What partners do and talk about; `face`: they meet. */
export function hint(session, face) {
  const { question } = session;
  const own = session.votes[0]?.choice ?? null;
  const voters = session.partners.filter((one) => one.choice);
  const others = voters.filter((one) => !sameAnswer(question, one.choice, own));
  const where = face ? `${gettext("Go to them and talk it through.")} ` : session.groupPlace === "both" ? `${MIXED} ` : "";
  if (own && others.length && question.kind === "text") {
    return where + gettext("You gave different answers. Give your reasons and try to convince each other.");
  }
  if (own && others.length > 1) {
    const chosen = others.map((one) => fill(CHOSE, { name: isolated(shownName(one)), choice: answerWords(question, one.choice) }));
    const text = gettext("You chose %(own)s, %(others)s. Give your reasons and try to convince each other.");
    return where + fill(text, { own: answerWords(question, own), others: list(chosen) });
  }
  if (own && others.length) {
    const text = gettext("You chose %(own)s, %(name)s chose %(choice)s. Give your reasons and try to convince each other.");
    return where + fill(text, { own: answerWords(question, own), name: isolated(shownName(others[0])), choice: answerWords(question, others[0].choice) });
  }
  if (session.offered && own && voters.length) return where + gettext("You chose the same. What do you say to this reason for another answer?");
  if (session.offered) return where + gettext("What do you say to this reason for another answer?");
  if (own && voters.length) return where + gettext("You chose the same. Compare your reasons. How would someone argue for another answer?");
  return where + gettext("Explain how you would answer, and listen to the others.");
}
