"""The pseudonyms of students: two words, chosen by chance.

A pseudonym is shown as "Blue otter". Its username is "~blue-otter". peerchat's own accounts cannot
have a tilde in theirs; a site's own accounts may, so `taken` has to have those of them that exist.
"""

import random
from collections.abc import Collection

MARK = "~"
"""The first character of the username of every pseudonym."""
UNKNOWN = "Student"
"""The name of a student who has no pseudonym yet. Nobody is given it."""

_FIRST_WORDS = """
Agile Amber Ample Apt Azure Bold Brave Breezy Bright Brisk Bronze Calm Candid Cheery Clever Coral
Cosmic Cosy Crimson Crystal Curious Daring Dusty Eager Early Ember Fabled Fair Fleet Floral Frosty
Gentle Gilded Glad Golden Grand Green Happy Hardy Hazel Honest Humble Indigo Ivory Jade Jolly Keen
Kind Lively Loyal Lucid Lucky Lunar Maple Marble Mellow Merry Mighty Misty Nimble Noble Olive Opal
Patient Pearly Plucky Polar Prime Proud Purple Quick Quiet Rapid Rosy Royal Ruby Rustic Sandy
Scarlet Serene Sharp Silent Silver Sleek Snowy Solar Spry Steady Stellar Sturdy Sunny Swift Teal
Tidy Topaz Tranquil Upbeat Velvet Violet Vivid Warm Wily Windy Wise Witty Woven Zesty
"""
_SECOND_WORDS = """
alpaca badger beaver bison bobcat bunting camel caracal cheetah condor coot crane cricket curlew
dipper dolphin dormouse dove dunlin eagle egret eider elk ermine falcon ferret finch firefly
flamingo gannet gazelle gecko gibbon giraffe goshawk grebe grouse gull hare harrier hedgehog heron
hoopoe ibex ibis jackdaw jay kestrel kingfisher kite koala lapwing lark lemur leopard linnet llama
lynx magpie mallard marmot marten meerkat merlin mole moose narwhal newt nightjar ocelot okapi
oriole osprey otter owl panda pelican penguin petrel pika pipit plover puffin puma quail rabbit
raven redstart robin salmon seal serval siskin skylark snipe sparrow squirrel starling stork swan
swift tapir teal tern thrush toucan turtle vole wagtail walrus warbler weasel whale wombat wren
yak zebra
"""
_FIRST = tuple(_FIRST_WORDS.split())
_SECOND = tuple(_SECOND_WORDS.split())


def choose(count: int, *, taken: Collection[str], rng: random.Random) -> list[str]:
    """Return so many different names, none of which is `taken`.

    Chance decides alone, so a name tells nothing about its owner. When most pairs of words are
    taken, a number follows the words.
    """
    chosen: list[str] = []
    used = set(taken)
    number, misses = 1, 0
    while len(chosen) < count:
        words = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}"
        name = words if number == 1 else f"{words} {number}"
        if name in used:
            misses += 1
            if misses > 50:
                number, misses = number + 1, 0
            continue
        used.add(name)
        chosen.append(name)
    return chosen


def username(name: str) -> str:
    """Return the username of a pseudonym on the wire."""
    return MARK + name.lower().replace(" ", "-")


def name_of(username: str) -> str | None:
    """Return the pseudonym that has this username, in any case, or None for another form."""
    if not username.startswith(MARK):
        return None
    return username[len(MARK) :].replace("-", " ").capitalize() or None
