"""Questions that many ask in the same moment, which are answered together."""

import asyncio

import pytest

from accounts.together import AT_ONCE, Together


class Oracle:
    """An oracle that answers with the double once `may` is set; notes what was asked together."""

    def __init__(self):
        self.asked = []
        self.may = asyncio.Event()
        self.together = Together(self.answer)

    async def answer(self, questions):
        self.asked.append(list(questions))
        await self.may.wait()
        if 13 in questions:
            raise OSError("thirteen")
        return [ValueError("odd") if question % 2 else question * 2 for question in questions]


async def ask(oracle, *questions):
    tasks = [asyncio.create_task(oracle.together.ask(question)) for question in questions]
    await asyncio.sleep(0)
    return tasks


async def test_a_lone_question_does_not_wait():
    oracle = Oracle()
    oracle.may.set()
    assert await oracle.together.ask(2) == 4
    assert await oracle.together.ask(4) == 8
    assert oracle.asked == [[2], [4]]


async def test_those_that_come_meanwhile_are_answered_together():
    oracle = Oracle()
    [first] = await ask(oracle, 0)
    await asyncio.sleep(0)
    rest = await ask(oracle, *range(2, 2 * AT_ONCE + 22, 2))
    oracle.may.set()
    assert await first == 0
    assert await asyncio.gather(*rest) == [2 * question for question in range(2, 222, 2)]
    assert [len(asked) for asked in oracle.asked] == [1, AT_ONCE, 10]


async def test_each_gets_its_own_error():
    oracle = Oracle()
    tasks = await ask(oracle, 2, 3, 4)
    oracle.may.set()
    assert await tasks[0] == 4
    with pytest.raises(ValueError, match="odd"):
        await tasks[1]
    assert await tasks[2] == 8


async def test_what_fails_for_all_is_told_to_all_and_the_next_are_answered():
    oracle = Oracle()
    tasks = await ask(oracle, 2, 13)
    oracle.may.set()
    for task in tasks:
        with pytest.raises(OSError, match="thirteen"):
            await task
    assert await oracle.together.ask(6) == 12


async def test_who_gives_up_does_not_take_the_others_along():
    oracle = Oracle()
    tasks = await ask(oracle, 2, 4)
    await asyncio.sleep(0)
    tasks[0].cancel()
    oracle.may.set()
    assert await tasks[1] == 8
    assert tasks[0].cancelled()


def test_each_loop_has_its_own_queue():
    async def double(question):
        return [2 * one for one in question]

    together = Together(double)
    assert [asyncio.run(together.ask(number)) for number in (1, 2)] == [2, 4]
