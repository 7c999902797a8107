"""Reads large files that are made to be slow, and prints how long each takes.

Called with the bytes of address space that the process may have, and sizes of files in bytes.
"""

import itertools
import resource
import sys
import time

from rooms.formats import FileRefused, aiken, csv_, gift, yaml_

# What a file repeats, after one of the starts.
PIECES = {
    gift: [
        *("{", "}", "{}", "\\", "\\{", "{=", "{~", "{#", "{=$", '{<a="', "::", "$", "\\(", "#"),
        *("{#####", "a{=b}\n", "a\n", "a\n\n", "{\n\n", "//[tag:", "$CATEGORY:/\n", "[html]<"),
        *("{=a ~b}c", "{=a}\n{", "{=%50%", "{=a#", "_____", "&", "<b>", "{=\\(a", "![](", "ä"),
        *("data:image/png;base64,A", "![](data:image/png;base64,AAAA)", "=$", '=<a="', "\\n"),
    ],
    aiken: ["A) ", "A)\n", "A) x\nB) y\nANSWER: A\n", "ANSWER:", "ANSWER:A\n", "x\n", "x"],
    csv_: ['"', '"\n', 'prompt,"', ",", "\n,", "prompt,A,B,correct\n", "a\n", ';"', 'a,"b\n\n'],
    yaml_: [
        *("[", "{", "- ", "? ", "a: ", "&a ", "*a ", "!a ", "|\n", "'", '"', "\\", "#", "%"),
        *("a\n", "[a,", "{a: ", "-\n", "---\n", "<<: ", "a: |\n", ": ", " ", " x\n", "\n  "),
    ],
}
STARTS = {
    gift: ["", "[html]", "x {=", "x {", "[html]{=<a href='"],
    aiken: ["", "x\n"],
    csv_: ["", "prompt,A,B,correct\n", 'prompt,A,B,correct\n"'],
    yaml_: ["", "peerchat_questions: 1\nquestions:\n- kind: text\n  prompt: "],
}


def main(memory: int, *sizes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for size in sizes:
        for reader, pieces in PIECES.items():
            for start, piece in itertools.product(STARTS[reader], pieces):
                data = (start + piece * (size // len(piece.encode()))).encode()
                seconds, found = timed(reader.read, data)
                name = f"{reader.__name__} {start + piece!r}"
                sys.stdout.write(f"{seconds:.2f} {size} {name} {found}\n")


def timed(read, data: bytes) -> tuple[float, str]:
    before = time.process_time()
    try:
        found = str(len(read(data)))
    except FileRefused as refused:
        found = refused.code
    return time.process_time() - before, found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
