"""Run a management command, on the running `make run` product when no database is named."""

import os
import sys

from django.core.management import execute_from_command_line

from config.embedded import running


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "DATABASE_URL" not in os.environ:
        os.environ.update(running.environment())
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
