"""Run in the kernel before a lesson: notes each file that is read in $BOOK_READS, one path a line."""


def _watch() -> None:
    import os
    import sys
    from importlib.util import source_from_cache

    notes = os.open(os.environ["BOOK_READS"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    seen = set()

    def note(event: str, details: tuple) -> None:
        if event == "open" and isinstance(details[0], (str, os.PathLike)):
            path = os.fspath(details[0])
            if path not in seen:
                seen.add(path)
                source = source_from_cache(path) if path.endswith(".pyc") else path
                os.write(notes, f"{source}\n".encode())

    sys.addaudithook(note)


_watch()
del _watch
