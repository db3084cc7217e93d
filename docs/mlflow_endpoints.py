"""List the endpoints of MLflow's server, one a line: run with the interpreter that has MLflow, `make docs` does."""

import re
import sys

from mlflow.server.handlers import get_endpoints

PLACEHOLDER = re.compile(r"<(path:)?(\w+)>")
OF_THE_PAGE = ("/ajax-api/", "/graphql")  # what only MLflow's own page calls
OUTSIDE = {("GET", "/health"), ("GET", "/version")}  # served beside the handlers


def listed() -> list[str]:
    """Return `METHOD /path`, in order of the paths; `{name+}` stands for all the rest of a path."""
    found = set(OUTSIDE)
    for path, _, methods in get_endpoints():
        if not path.startswith(OF_THE_PAGE):
            found |= {(method, PLACEHOLDER.sub(_placeholder, path)) for method in methods}
    return [f"{method} {path}" for method, path in sorted(found, key=lambda each: each[::-1])]


def _placeholder(found: re.Match[str]) -> str:
    return "{" + found[2] + ("+" if found[1] else "") + "}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(listed()) + "\n")
