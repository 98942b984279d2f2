"""`python -m rollway.demo stop FOLDER` ends a demo that was kept running."""

import sys
from pathlib import Path

from rollway.demo.performance import PREFIX, clear
from rollway.errors import RollwayError


def main(arguments: list[str]) -> int:
    """Stop the demo in the folder named; 2 where that is none."""
    if len(arguments) != 2 or arguments[0] != "stop":
        sys.stderr.write("usage: python -m rollway.demo stop FOLDER\n")
        return 2
    folder = Path(arguments[1]).resolve()
    if not (folder.name.startswith(PREFIX) and (folder / "daemon.log").is_file()):
        sys.stderr.write(f"{folder} is not the folder of a demo\n")
        return 2
    try:
        clear(folder)
    except RollwayError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
