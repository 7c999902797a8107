"""The commands that clients send."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, UnsetType

from rooms.wire.command import Command as Command
from rooms.wire.command import Control as Control
from rooms.wire.convinced import By
from rooms.wire.fields import (
    DEFAULT_PAGE,
    MOST_CHOICES,
    MOST_RIGHT,
    SEND_TO_LIMIT,
    Answer,
    ArgumentId,
    ConnectionId,
    GroupNumber,
    Letter,
    Moment,
    Page,
    RoomId,
    RoundNumber,
    Seconds,
    Seq,
    Slug,
    Text,
    Username,
)
from rooms.wire.group_commands import (
    JoinGroups,
    SayToGroup,
    SlowGroups,
    SplitGroup,
    TellGroups,
    VisitGroup,
)
from rooms.wire.partners import PlaceName


class Authenticate(Command, frozen=True, tag="authenticate"):
    token: Annotated[str, Meta(min_length=1, max_length=200)]


class ListRooms(Command, frozen=True, tag="list_rooms"):
    pass


class JoinRoom(Command, frozen=True, tag="join_room"):
    room: RoomId


class LeaveRoom(Command, frozen=True, tag="leave_room"):
    room: RoomId


class ListUsers(Command, frozen=True, tag="list_users"):
    room: RoomId


class SelectRoom(Command, frozen=True, tag="select_room"):
    room: RoomId
    limit: Page = DEFAULT_PAGE


class History(Command, frozen=True, tag="history"):
    room: RoomId
    before: Seq
    limit: Page = DEFAULT_PAGE


class Resume(Command, frozen=True, tag="resume"):
    rooms: Annotated[dict[RoomId, Seq], Meta(max_length=200)]


class NewMessage(Command, frozen=True, tag="new_message"):
    room: RoomId
    text: Text
    reply_to: RoomId | None = None


class PrivateMessage(Command, frozen=True, tag="private_message"):
    to: Username
    text: Text


class Typing(Command, frozen=True, tag="typing"):
    room: RoomId


class MarkRead(Command, frozen=True, tag="mark_read"):
    room: RoomId
    seq: Seq


class State(Command, frozen=True, tag="state"):
    course: Slug


class CastVote(Command, frozen=True, tag="vote"):
    """Vote in the open round.

    `choice` is a letter, several letters, a number or a short text, as the question asks for.
    A vote that names its `question` and `round` counts in that round only. If it arrives late, it
    is refused with `round_closed` and is not taken for the answer to the next question.
    """

    course: Slug
    choice: Answer
    confidence: Annotated[int, Meta(ge=1, le=5)] | None = None
    rationale: Text = ""
    question: Slug | None = None
    round: RoundNumber | None = None


class DraftVote(Command, frozen=True, tag="draft"):
    """Leave a choice with the server that counts if the round closes without a later vote.

    `after` is the `cast_at` of the user's vote in this round that the client knows. If the server
    has a later one, it does not keep the draft.
    """

    course: Slug
    question: Slug
    round: RoundNumber
    choice: Answer
    confidence: Annotated[int, Meta(ge=1, le=5)] | None = None
    rationale: Text = ""
    after: Moment | None = None


class FlagMessage(Command, frozen=True, tag="flag_message"):
    """Point a message out to those who lead the course, or take that back."""

    room: RoomId
    seq: Seq
    flagged: bool = True


class SayConvinced(Command, frozen=True, tag="say_convinced"):
    """Say what convinced one in the second vote on a question, or change what one said.

    `message` is the id of a message of a partner and belongs to `by: "message"`. `username` is that
    of the partner whose reason it was; `by: "reason"` without it means the reason that was offered
    to the group.
    """

    course: Slug
    question: Slug
    by: By
    message: RoomId | None = None
    username: Username | None = None

    def __post_init__(self) -> None:
        if (self.message is not None) != (self.by == "message"):
            raise ValueError("A message belongs to `by: message`, and to nothing else")
        if self.username is not None and self.by != "reason":
            raise ValueError("A username belongs to `by: reason` alone")


class SetPlace(Command, frozen=True, tag="set_place"):
    """Say where one is during the classes of a course; in the hall, perhaps with the seat."""

    course: Slug
    place: PlaceName
    seat: Text = ""


class ShareReasons(Command, frozen=True, tag="share_reasons"):
    """Consent that others in a course see one's reasons without one's name, or withdraw it."""

    course: Slug
    shared: bool


class Subscribe(Command, frozen=True, tag="subscribe"):
    """Subscribe to the topics that match a pattern, until the socket closes.

    `topic` may contain the wildcards of MQTT, except in its first level, the slug of a course.
    """

    topic: str


class Unsubscribe(Command, frozen=True, tag="unsubscribe"):
    """End the subscription with this pattern. If there is none, that is no error."""

    topic: str


class Publish(Command, frozen=True, tag="publish"):
    """Send data to the subscribers of a topic; nothing is stored."""

    topic: str
    data: Raw


class SendTo(Command, frozen=True, tag="send_to"):
    """Send data to single sockets, by the `conn_id` of their `welcome`; nothing is stored.

    The server ignores ids that no open socket has, and the reply does not report them.
    """

    conn_id: ConnectionId | Annotated[list[ConnectionId], Meta(max_length=SEND_TO_LIMIT)]
    data: Raw


class Ping(Command, frozen=True, tag="ping"):
    pass


class StartQuestion(Control, frozen=True, tag="start_question"):
    question: Slug
    seconds: Seconds | None = None


class QuickQuestion(Control, frozen=True, tag="quick_question"):
    """Make a question that nobody prepared, and start the vote on it.

    `choices` is their number, or their texts, which may be empty. `correct` is the letter of the
    right one, if it is known already.
    """

    choices: (
        Annotated[int, Meta(ge=2, le=MOST_CHOICES)]
        | Annotated[list[Text], Meta(min_length=2, max_length=MOST_CHOICES)]
    ) = 4
    prompt: Text = ""
    correct: Letter | None = None
    seconds: Seconds | None = None


class SetCorrect(Control, frozen=True, tag="set_correct"):
    """Give the right answer of the current question, or take it back.

    `choice` is the answer, or null to take it back. For a short text, `choices` may take its place,
    with all answers of the histograms that are right now; right answers that nobody gave stay. If
    `question` is given, it must be the current one.
    """

    choice: Answer | None | UnsetType = UNSET
    choices: Annotated[list[Answer], Meta(max_length=MOST_RIGHT)] | UnsetType = UNSET
    question: Slug | None = None

    def __post_init__(self) -> None:
        if isinstance(self.choice, UnsetType) == isinstance(self.choices, UnsetType):
            raise ValueError("Give either `choice` or `choices`")


class CountDownAndStop(Control, frozen=True, tag="count_down_and_stop"):
    seconds: Seconds = 5


class Extend(Control, frozen=True, tag="extend"):
    """Move the deadline of the round that runs to a later time."""

    seconds: Seconds = 30


class StopVote(Control, frozen=True, tag="stop_vote"):
    pass


class MakePartners(Control, frozen=True, tag="make_partners"):
    group_size: Annotated[int, Meta(ge=2, le=5)] = 2
    method: Literal["different_answers", "random", "same_answer", "keep"] = "different_answers"


class EnableChat(Control, frozen=True, tag="enable_chat"):
    pass


class EnableFaceChat(Control, frozen=True, tag="enable_face_chat"):
    pass


class EnableDiscussion(Control, frozen=True, tag="enable_discussion"):
    """Let partners in the hall find each other, and all others chat."""


class StartRevote(Control, frozen=True, tag="start_revote"):
    seconds: Seconds | None = None


class Reveal(Control, frozen=True, tag="reveal"):
    pass


class Reopen(Control, frozen=True, tag="reopen"):
    pass


class NextQuestion(Control, frozen=True, tag="next_question"):
    question: Slug | None = None


class Announce(Control, frozen=True, tag="announce"):
    text: Text


class MoveStudent(Control, frozen=True, tag="move_student"):
    username: Username
    group: GroupNumber


class ShowBars(Control, frozen=True, tag="show_bars"):
    """Show the votes for each choice on the screen of the hall before the reveal, or hide them."""

    shown: bool = True


class ShowArgument(Control, frozen=True, tag="show_argument"):
    """Show one of the arguments of the question on the screen of the hall, or none."""

    argument: ArgumentId | None = None


class Figures(Control, frozen=True, tag="figures"):
    pass


class DashboardState(Command, frozen=True, tag="state"):
    """Ask for the state of the class. The instructor's socket knows its course."""

    course: Slug | None = None


CHAT_COMMANDS: tuple[type[Command], ...] = (
    Authenticate,
    ListRooms,
    JoinRoom,
    LeaveRoom,
    ListUsers,
    SelectRoom,
    History,
    Resume,
    NewMessage,
    PrivateMessage,
    Typing,
    MarkRead,
    FlagMessage,
    State,
    CastVote,
    DraftVote,
    SayConvinced,
    SetPlace,
    ShareReasons,
    Subscribe,
    Unsubscribe,
    Publish,
    SendTo,
    Ping,
)
CONTROL_COMMANDS: tuple[type[Command], ...] = (
    StartQuestion,
    QuickQuestion,
    SetCorrect,
    CountDownAndStop,
    Extend,
    StopVote,
    MakePartners,
    EnableChat,
    EnableFaceChat,
    EnableDiscussion,
    StartRevote,
    Reveal,
    Reopen,
    NextQuestion,
    Announce,
    MoveStudent,
    SplitGroup,
    JoinGroups,
    VisitGroup,
    SayToGroup,
    TellGroups,
    SlowGroups,
    ShowBars,
    ShowArgument,
    Figures,
)
SCREEN_COMMANDS: tuple[type[Command], ...] = (Ping,)
DASHBOARD_COMMANDS: tuple[type[Command], ...] = (*CONTROL_COMMANDS, DashboardState, Ping)
