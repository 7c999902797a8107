"""Where the names of people are in the acts of the use log. Pure, no I/O."""


def split(event: str, act: str) -> tuple[str, list[str], str] | None:
    """Return an act in three parts, of which the second has the names of people.

    Return None if it is not known where the names are.
    """
    match event, act.split(":", 2):
        case "sendmessage", [to, "*", text]:
            return f"{to}:*:{text}", [], ""
        case "sendmessage", [to, recipient, text]:
            return f"{to}:", [recipient], f":{text}"
        case "peergroup", [head, *names]:
            return f"{head}:", ":".join(names).split(","), ""
        case "moderate", [("mute" | "unmute" | "expel" | "merge") as verb, username, *rest]:
            return f"{verb}:", [username], "".join(f":{part}" for part in rest)
        case (("vote" | "peer" | "join" | "leave" | "login" | "moderate"), _):
            return act, [], ""
    return None
