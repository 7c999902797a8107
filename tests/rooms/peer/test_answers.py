import itertools
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rooms.peer import numerals
from rooms.peer.answers import REST, AnswerKey, clean, fold
from rooms.peer.bars import BETWEEN, BINS, GROUPS, right_bars, tally
from rooms.peer.content import ANSWER_LIMIT, Kind

LETTERS = tuple("ABCDE")
SINGLE = AnswerKey(Kind.SINGLE, LETTERS, ("B",))
SEVERAL = AnswerKey(Kind.SEVERAL, LETTERS, ("A", "C"))
NUMBER = AnswerKey(Kind.NUMBER, number=9.81, tolerance=0.1, unit="m/s²")
TEXT = AnswerKey(Kind.TEXT, accepted=("Mitochondria", "mitochondrion"))
POLL = AnswerKey(Kind.POLL, LETTERS)

numbers = st.floats(min_value=-1e100, max_value=1e100).filter(lambda n: n == 0 or abs(n) >= 1e-100)
texts = st.text(st.characters(codec="utf-8"), max_size=30)


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "unit", "meant"),
    [
        ("9.81", "", "9.81"),
        ("9,81", "", "9.81"),
        (" 9.81  m/s² ", "m/s²", "9.81"),
        ("9,81m/s2", "m/s²", "9.81"),
        ("9.81 m / s²", "m / s²", "9.81"),
        ("€ 5", "€", "5"),
        ("5 %", "%", "5"),
        ("\u22125", "", "-5"),
        ("- 5", "", "-5"),
        ("+3", "", "3"),
        ("-0", "", "0"),
        (".5", "", "0.5"),
        ("5.", "", "5"),
        ("1 000", "", "1000"),
        ("1\u202f000\u202f000,5", "", "1000000.5"),
        ("1.234.567", "", "1234567"),
        ("1,234.5", "", "1234.5"),
        ("1.234,5", "", "1234.5"),
        ("1'000.5", "", "1000.5"),
        ("1,234", "", "1.234"),
        ("1.234", "", "1.234"),
        ("1,234e3", "", "1234"),
        ("6.022\u00d710²³", "", "6.022e23"),
        ("6.022 x 10^23 mol", "mol", "6.022e23"),
        ("1.6·10⁻¹⁹", "", "1.6e-19"),
        ("1E-7", "", "1e-7"),
        ("1e5", "", "100000"),
        ("\u0663\u066b\u0665", "", "3.5"),
        ("\u200f5\u200e", "", "5"),
        ("10 m²", "m²", "10"),
    ],
)
def test_a_number_as_people_write_it(typed, unit, meant):
    assert AnswerKey(Kind.NUMBER, unit=unit).canonical(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            ".",
            "-",
            "e5",
            "abc",
            "1 2",
            "1.2.3",
            "1,234,5",
            "1234,567,8",
            "1,234,567,890,",
        ),
        *(
            "nan",
            "inf",
            "-Infinity",
            "1e999",
            "1e-200",
            "0x10",
            "1_000",
            "5 m",
            "1e",
            "5 5",
            "m/s²",
        ),
        *("10²", "10²³ m/s²", "5⁰", "10⁻³", "²"),
        *("9" * 200, "1\x00"),
    ],
)
def test_what_is_no_number(typed):
    with pytest.raises(ValueError, match="number"):
        NUMBER.canonical(typed)


@given(numbers)
def test_a_written_number_means_the_same(number):
    shown = numerals.written(number)
    assert numerals.read(shown) == number
    assert numerals.written(numerals.read(shown)) == shown
    assert NUMBER.canonical(f" {shown.replace('.', ',')} m/s²") == shown


@given(texts)
def test_any_text_is_a_number_or_refused(text):
    try:
        shown = NUMBER.canonical(text)
    except ValueError:
        return
    assert NUMBER.canonical(shown) == shown


# --- the form of an answer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "given_", "stored"),
    [
        (SINGLE, "B", "B"),
        (POLL, "E", "E"),
        (SEVERAL, "CA", "AC"),
        (SEVERAL, " C, A;A ", "AC"),
        (SEVERAL, "EDCBA", "ABCDE"),
        (TEXT, "  the \n cell\twall ", "the cell wall"),
        (TEXT, "e\u0301", "\u00e9"),
        (TEXT, "\u202eabc", "abc"),
        (TEXT, "a\x00b", "ab"),
        (TEXT, "…", "..."),
        (TEXT, "x" * ANSWER_LIMIT, "x" * ANSWER_LIMIT),
    ],
)
def test_an_answer_as_it_is_stored(key, given_, stored):
    assert key.canonical(given_) == stored
    assert key.canonical(stored) == stored


@pytest.mark.parametrize(
    ("key", "given_"),
    [
        *((SINGLE, choice) for choice in ("", "F", "b", "AB", "B ", "\x00")),
        *((POLL, choice) for choice in ("", "F", "AB")),
        *((SEVERAL, choice) for choice in ("", ",", "F", "AF", "a", "A+B", "\x00")),
        *((TEXT, choice) for choice in ("", " \n", "\u200b", "\x00", "x" * (ANSWER_LIMIT + 1))),
    ],
)
def test_what_is_no_answer(key, given_):
    with pytest.raises(ValueError, match=r"choice|answer"):
        key.canonical(given_)


@given(st.sets(st.sampled_from(LETTERS), min_size=1), st.randoms())
def test_the_order_of_several_choices_is_no_difference(chosen, random):
    letters = sorted(chosen)
    shuffled = random.sample(letters, len(letters))
    assert SEVERAL.canonical("".join(shuffled)) == "".join(letters)


@given(texts)
@example("0 \0")
def test_folding_and_cleaning_twice_change_nothing_more(text):
    assert fold(fold(text)) == fold(text)
    try:
        cleaned = clean(text)
    except ValueError:
        return
    assert clean(cleaned) == cleaned
    assert REST not in cleaned
    # The bar of all others is never that of a text.
    assert fold(cleaned)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mitochondria", "  mitochondria. "),
        ("STRASSE", "straße"),
        ("café", "cafe\u0301"),
        ("a b", "A\u00a0\n B!"),
        ("\uff21", "a"),
        ("really?!", "Really"),
        ("ﬁn", "fin"),
        ("Paris\u200f", "P\u00adaris\ufeff"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_texts_that_are_the_same(one, other):
    assert fold(one) == fold(other)
    assert TEXT.group(one) == TEXT.group(other)
    assert TEXT.distance(one, other) == 0


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("ab", "a b"), ("!", "?"), ("c#", "c")])
def test_texts_that_are_not(one, other):
    assert fold(one) != fold(other)
    assert TEXT.distance(one, other) == 1


# --- what is right -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "correct", "right", "wrong"),
    [
        (SINGLE, "B", ["B"], ["A", "C"]),
        (SEVERAL, "AC", ["AC"], ["A", "C", "ABC", "B"]),
        (NUMBER, "9.81", ["9.81", "9.71", "9.91", "9.8"], ["9.92", "9.70", "0", "-9.81"]),
        (TEXT, "Mitochondria", ["mitochondria!", "MITOCHONDRION"], ["mitochondri"]),
        (POLL, None, [], ["A", "B"]),
        (AnswerKey(Kind.SINGLE, LETTERS), None, [], ["A"]),
        (AnswerKey(Kind.SEVERAL, LETTERS), None, [], ["A"]),
        (AnswerKey(Kind.NUMBER, tolerance=5), None, [], ["0"]),
        (AnswerKey(Kind.TEXT), None, [], ["a"]),
        # A poll has no right answer, whatever its choices say.
        (AnswerKey(Kind.POLL, LETTERS, ("A",)), None, [], ["A"]),
    ],
)
def test_right_answers(key, correct, right, wrong):
    assert key.correct == correct
    for answer in right:
        assert key.is_right(answer), answer
    for answer in wrong:
        assert not key.is_right(answer), answer
    if correct is not None:
        assert key.is_right(key.canonical(correct))


def test_a_tolerance_counts_in_decimals():
    key = AnswerKey(Kind.NUMBER, number=0.3, tolerance=0.1)
    assert [key.is_right(answer) for answer in ("0.2", "0.4", "0.41")] == [True, True, False]


# --- bars ----------------------------------------------------------------------------------------


def test_bars_of_choices():
    assert tally(SINGLE, [{"B": 2, "A": 1}, None]) == [{"A": 1, "B": 2, "C": 0, "D": 0, "E": 0}, {}]
    (bars,) = tally(SEVERAL, [{"AC": 3, "C": 1, "E": 2}])
    assert bars == {"A": 3, "B": 0, "C": 4, "D": 0, "E": 2}
    assert list(bars) == list(LETTERS)
    assert (right_bars(SINGLE, bars), right_bars(SEVERAL, bars)) == (["B"], ["A", "C"])
    assert right_bars(AnswerKey(Kind.POLL, LETTERS, ("A",)), bars) == []


def test_bars_of_few_numbers():
    told = tally(NUMBER, [{"10": 1, "9.8": 2, "-1": 1}, {"9.8": 5, "1e3": 1}])
    assert [list(bars.items()) for bars in told] == [
        [("-1", 1), ("9.8", 2), ("10", 1), ("1e3", 0)],
        [("-1", 0), ("9.8", 5), ("10", 0), ("1e3", 1)],
    ]
    assert right_bars(NUMBER, told[0]) == ["9.8"]
    assert right_bars(AnswerKey(Kind.NUMBER), told[0]) == []


def test_bars_of_many_numbers():
    counts = {f"{n}": 1 for n in range(1, 101)}
    (bars,) = tally(NUMBER, [counts])
    assert list(bars.items())[:2] == [("1 \u2013 10.9", 10), ("10.9 \u2013 20.8", 10)]
    assert right_bars(NUMBER, bars) == ["1 \u2013 10.9"]
    assert right_bars(AnswerKey(Kind.NUMBER, number=10.9), bars) == ["10.9 \u2013 20.8"]
    assert right_bars(AnswerKey(Kind.NUMBER, number=100), bars) == [list(bars)[-1]]
    assert right_bars(AnswerKey(Kind.NUMBER), bars) == []


def test_a_number_far_away_does_not_hide_the_others():
    (bars,) = tally(NUMBER, [{f"{n / 10:g}": 1 for n in range(90, 110)} | {"1e30": 1}])
    assert list(bars)[-1].endswith(f"{BETWEEN}1e30")
    assert sorted(bars.values())[-1] <= 5


def test_bars_of_texts():
    told = tally(
        TEXT, [{"nucleus": 1, "mitochondria": 2, "Mitochondria.": 1}, {"Mitochondria": 2, "x": 1}]
    )
    assert [list(bars.items()) for bars in told] == [
        [("Mitochondria", 3), ("nucleus", 1), ("x", 0)],
        [("Mitochondria", 2), ("nucleus", 0), ("x", 1)],
    ]
    assert right_bars(TEXT, told[0]) == ["Mitochondria"]
    many = {f"t{n}": 1 for n in range(GROUPS + 5)} | {"often": 9}
    (bars,) = tally(TEXT, [many])
    assert next(iter(bars.items())) == ("often", 9)
    assert list(bars.items())[-1] == (REST, 6)
    assert len(bars) == GROUPS + 1
    assert right_bars(AnswerKey(Kind.TEXT, accepted=("...",)), bars) == []


answers = {
    NUMBER: numbers.map(numerals.written),
    SINGLE: st.sampled_from(LETTERS),
    TEXT: texts.filter(lambda text: text.strip())
    .map(lambda text: text.replace(REST, ""))
    .filter(fold),
}


@given(st.sampled_from([NUMBER, SINGLE, TEXT]), st.data())
def test_every_vote_is_in_one_bar_of_its_round(key, data):
    counts = st.dictionaries(answers[key], st.integers(1, 5), max_size=60)
    rounds = data.draw(st.lists(counts | st.none(), min_size=1, max_size=2))
    told = tally(key, rounds)
    assert [sum(bars.values()) for bars in told] == [sum((r or {}).values()) for r in rounds]
    shown = [list(bars) for bars, r in zip(told, rounds, strict=True) if r is not None]
    assert all(bars == shown[0] for bars in shown)
    for bars in shown:
        assert len(bars) <= GROUPS + 1
        assert set(right_bars(key, bars)) <= set(bars)


@given(st.lists(numbers.map(numerals.written), min_size=13, max_size=100, unique=True))
def test_ranges_follow_each_other_and_have_what_they_say(found):
    (bars,) = tally(NUMBER, [Counter(found)])
    assert 1 <= len(bars) <= BINS
    bounds = [tuple(map(float, bar.split(BETWEEN))) for bar in bars]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(bounds))
    assert [bounds[0][0], bounds[-1][1]] == [min(map(float, found)), max(map(float, found))]
    for (low, high), votes in zip(bounds, bars.values(), strict=True):
        is_last = high == bounds[-1][1]
        inside = [
            one for one in map(float, found) if low <= one < high or (is_last and one == high)
        ]
        assert len(inside) == votes
    right = AnswerKey(Kind.NUMBER, number=float(found[0]))
    assert len(right_bars(right, bars)) == 1


# --- distance ------------------------------------------------------------------------------------


def test_distances():
    assert NUMBER.distance("1", "3") == 0.5
    assert NUMBER.distance("0", "0") == 0
    assert NUMBER.distance("-5", "5") == 1
    assert SEVERAL.distance("AB", "BC") == pytest.approx(2 / 3)
    assert SEVERAL.distance("AB", "AB") == 0
    assert SEVERAL.distance("AB", "CD") == 1
    assert (SINGLE.distance("A", "A"), SINGLE.distance("A", "B"), POLL.distance("A", "B")) == (
        0,
        1,
        1,
    )


@given(numbers.map(numerals.written), numbers.map(numerals.written))
def test_a_distance_is_between_0_and_1_and_the_same_in_both_directions(one, other):
    assert 0 <= NUMBER.distance(one, other) == NUMBER.distance(other, one) <= 1
    assert (NUMBER.distance(one, other) == 0) == (one == other)


def test_places():
    assert [NUMBER.place(answer) for answer in ("-1", "2.5")] == [-1, 2.5]
    assert {key.place("B") for key in (SINGLE, SEVERAL, TEXT, POLL)} == {0}
