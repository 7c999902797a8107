"""An archived course is read only: each action looks whether the course is in use, or says why not.

The code is read, not run, so that no action is forgotten.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REFUSES = {"rooms.permissions.in_use", "rooms.wire.errors.CourseArchived"}

MAY = {
    "anonymising.anonymise": "care",
    "anonymising.delete_texts": "care",
    "course_deletion.ask": "care: only archived courses",
    "course_deletion.call_off": "care",
    "course_settings.archive_course": "archives it",
    "course_settings.restore_course": "brings it back",
    "erasing.erase": "care",
    "exports.begin": "reads",
    "reports.report": "care",
    "reports.settle": "care",
    "retention.keep": "care",
    "retention.keep_until": "care",
    "course_making.check_slug": "reads",
    "guests.end": "ends an account",
    "guests.forget_guest": "ends an account",
    "guests.leave_device": "of an account",
    "guests.new_link": "of an account",
    "pictures.store_drawn": "its caller has looked",
    "question_import.keep_file": "stores the file of a preview, not of a course",
    "rooms.mark_read": "what somebody has read is their own",
    "screen.end_link": "takes access away",
    "session.end_class": "archiving ends the class",
    "stand_ins.drop_if_unused": "of an account",
    "tryouts.end": "of a try-out, which is not archived",
    "tryouts.enter": "of a try-out, which is not archived",
    "uselog.row": "makes a row for an action",
}


def functions():
    """Every function of `rooms` with what it refers to, by its full name."""
    found = {}
    for path in (ROOT / "rooms").rglob("*.py"):
        tree = ast.parse(path.read_text())
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        known = {
            one.asname or one.name: f"{node.module}.{one.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for one in node.names
        }
        for prefix, node in definitions(tree.body, module):
            refers = set()
            for part in ast.walk(node):
                if isinstance(part, ast.Name):
                    refers.add(known.get(part.id, f"{module}.{part.id}"))
                elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                    of = part.value.id
                    refers.add(f"{prefix if of == 'self' else known.get(of, of)}.{part.attr}")
            found[f"{prefix}.{node.name}"] = (node, refers)
    return found


def definitions(body, prefix):
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix, node
        elif isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}.{node.name}")


def test_each_action_refuses_an_archived_course():
    known = functions()

    def refuses(name, seen):
        if name in REFUSES:
            return True
        if name in seen or name not in known:
            return False
        seen.add(name)
        return any(refuses(one, seen) for one in known[name][1])

    writing = set()
    for name, (node, _) in known.items():
        given = {one.arg for one in node.args.kwonlyargs}
        public = name.startswith("rooms.actions.") and "._" not in name
        if public and given & {"user", "post", "command", "by"} and not refuses(name, set()):
            writing.add(name.removeprefix("rooms.actions."))
    assert writing == set(MAY)
