"""Run a management command, on the running `make run` product when no database is named."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config import env
from config.embedded import running
from config.paths import var_dir

USAGE = 2  # exit code


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "DATABASE_URL" not in os.environ:
        os.environ.update(running.environment())
    try:
        env.load()
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n{_hint()}")
        sys.exit(USAGE)
    execute_from_command_line(sys.argv)


def _hint() -> str:
    if "DATABASE_URL" in os.environ:
        return "README.md explains each variable under Settings.\n"
    return (
        f"No product runs on {var_dir()}. Start one with `make run`, then run this again in "
        "another terminal. Or set these variables: README.md explains them under Settings.\n"
    )


if __name__ == "__main__":
    main()
