"""The texts of the simulated students of a try-out."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rooms.peer.bots import Line

# `own` is the answer that the student gave, and `other` another one.
_LINES: dict[str, tuple[str | Promise, ...]] = {
    "open": (
        _("I took %(own)s. What about you?"),
        _("Hi! I am fairly sure that it is %(own)s."),
        _("I went for %(own)s, but I was not certain."),
        _("Hello! %(own)s seemed the most natural to me. And you?"),
    ),
    "hello": (_("Hi! I am one of the simulated students. Ask a question to the class first."),),
    "lost": (
        _("I was not fast enough to vote. What did you take, and why?"),
        _("I could not decide. How did you go about it?"),
    ),
    "ask": (
        _("You have %(other)s, right? How did you get there?"),
        _("Why %(other)s? I did not even consider it."),
        _("What speaks for %(other)s and against %(own)s?"),
    ),
    "reason": (
        _("I ruled out the others one by one, and %(own)s was left."),
        _("I imagined an extreme case, and then only %(own)s makes sense."),
        _("I tried to explain it in my own words and ended up with %(own)s."),
    ),
    "switch": (
        _("Oh, now I see it. I will change to %(other)s."),
        _("You have convinced me, it must be %(other)s."),
        _("Good argument. I think I will take %(other)s next time."),
    ),
    "stay": (
        _("I see your point, but I am still for %(own)s."),
        _("I am not convinced yet. I will stay with %(own)s."),
    ),
    "because": (
        _("Because I ruled out the others, and %(own)s was left. Do you see a mistake in that?"),
        _("I thought of an extreme case, and that speaks for %(own)s. What do you think?"),
        _("Honestly, %(own)s was half a guess. How would you explain it?"),
    ),
    "same": (
        _("Same here, I also have %(own)s. But are we sure?"),
        _("Then we agree on %(own)s. What would speak against it?"),
    ),
    "doubt": (
        _("Hm, why %(other)s? I have %(own)s."),
        _("Interesting, I would not have taken %(other)s. Convince me!"),
    ),
    "listen": (
        _("That is a good point. Then %(own)s could be wrong. Let me think."),
        _("I see. But does that fit with %(own)s as well?"),
        _("Okay, I had not thought of that. I took %(own)s because of the wording."),
    ),
}

# The wrong answers of the students to a question that asks for a short text.
_WORDS = (_("It depends"), _("Nothing"), _("Both"), _("All of them"), _("I do not know"))


def words() -> list[str]:
    """Return short texts that a student may answer with, in the current language."""
    return [str(word) for word in _WORDS]


def text_of(line: Line, own: str | None) -> str:
    """Return the text of a line in the current language; `own` is the answer of the student."""
    variants = _LINES[line.kind]
    named = {"own": own or "", "other": line.other}
    return str(variants[line.variant % len(variants)]) % named
