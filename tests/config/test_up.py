"""Start, run, stop: what `make run` promises to whoever types it."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded.nursery import NoNursery, Nursery
from config.paths import ROOT
from config.up import CHILDREN
from tests.config.conftest import Product, command_environ, eventually

pytestmark = pytest.mark.real_clock

GONE_WITHIN_S = 10


@pytest.mark.slow
def test_it_runs_keeps_its_word_and_stops_on_ctrl_c(product: Product):
    """One start for several promises: each costs seconds."""
    product.start().wait_ready()
    family = product.family()

    assert ready(product)
    web_binds_to_this_machine_only(product)
    secrets_are_private(product)
    the_running_product_has_no_owner_address(family)
    a_second_start_is_refused(product)
    commands_join_the_running_product(product)
    workers_share_what_they_import(product)
    a_dead_child_is_started_again(product)

    assert product.process
    product.process.send_signal(signal.SIGINT)
    code, said = product.end()

    assert code == 0, said
    assert said.rstrip().endswith("Stopped.")
    assert "killed" not in said.partition("Stopping…")[2]
    assert not [
        process
        for process in family
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert not (product.var / "run.env").exists()


def ready(product: Product) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{product.port}/readyz", timeout=5) as answer:
        return bool(json.load(answer)["ready"])


def web_binds_to_this_machine_only(product: Product) -> None:
    listening = [
        connection.laddr
        for process in product.family()
        if command(process)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {tuple(address) for address in listening} == {("127.0.0.1", product.port)}


def secrets_are_private(product: Product) -> None:
    for name in ("secrets.json", "run.env"):
        assert stat.S_IMODE((product.var / name).stat().st_mode) == 0o600, name


def the_running_product_has_no_owner_address(family: list[psutil.Process]) -> None:
    """PostgreSQL's own helpers come and go, and are none of ours to ask."""
    ours = [
        process
        for process in family
        if psutil.pid_exists(process.pid) and any("python" in part for part in command(process))
    ]
    assert len(ours) >= 4
    assert not [process for process in ours if "DATABASE_OWNER_URL" in process.environ()]


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def a_second_start_is_refused(product: Product) -> None:
    code, said = Product(product.var).start().end()
    assert code == 1
    assert product.process
    assert f"pid {product.process.pid}, http://127.0.0.1:{product.port}" in said


def commands_join_the_running_product(product: Product) -> None:
    environ = command_environ(product.var)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "--check"],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def workers_share_what_they_import(product: Product) -> None:
    """H3: they are forked from one process, and known by their own command lines."""
    family = product.family()
    [nursery] = [each for each in family if "config.queueing.forks" in command(each)]
    forked = [each for each in family if {"beat", "worker"} & set(command(each))]
    assert len(forked) == 1 + sum(1 + children for children in CHILDREN.values())
    assert all(command(each)[1:3] == ["-m", "celery"] for each in forked)
    started = nursery.create_time()
    assert all(each.create_time() > started for each in forked)
    shared = [each.memory_full_info() for each in forked]
    assert all(each.uss < each.rss / 2 for each in shared)


def a_dead_child_is_started_again(product: Product) -> None:
    [beat] = [process for process in product.family() if "beat" in command(process)]
    beat.kill()
    product.wait_for("beat was killed by SIGKILL; starting it again in 1 s")
    log = product.var / "log" / "beat.log"
    # Until it says so itself, beat still imports and may miss the signal that ends the product.
    assert eventually(lambda: log.read_text().count("is starting") > 1)
    assert any(
        "beat" in command(process) for process in product.family() if process.pid != beat.pid
    )


@pytest.mark.slow
@pytest.mark.drill
def test_kill_9_leaves_nobody_behind_and_the_next_start_finds_everything(product: Product):
    product.start().wait_ready()
    family = product.family()
    names = " ".join(" ".join(command(process)[:3]) for process in family)
    owner = json.loads((product.var / "run.env").read_text())["DATABASE_OWNER_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        # Changes no table, so it may run again: to the next start it is a pending migration.
        connection.execute(
            "DELETE FROM django_migrations WHERE name = '0019_alter_periodictasks_options'"
        )

    assert product.process
    product.process.kill()

    _, alive = psutil.wait_procs(family, timeout=GONE_WITHIN_S)
    assert not alive, alive
    assert len(family) >= 8, names  # gunicorn's and Celery's own children among them

    product.start().wait_ready()
    [dump] = (product.var / "backups").glob("*.dump")
    assert f"Dump before 1 pending migrations: {dump}\n" in product.said
    assert dump.read_bytes().startswith(b"PGDMP")
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    a_closed_terminal_stops_it_in_order(product)


def a_closed_terminal_stops_it_in_order(product: Product):
    family = product.family()
    assert product.process
    assert product.process.stdout
    product.process.stdout.close()  # it cannot say so any more

    product.process.send_signal(signal.SIGHUP)

    product.process.wait(30)
    assert not [
        process
        for process in family
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert not (product.var / "run.env").exists()


def test_a_taken_port_is_named_with_a_way_out(product: Product):
    with socket.socket() as other:
        other.bind(("127.0.0.1", product.port))
        other.listen()

        code, said = product.start().end()

    assert code == 1
    assert (
        f"Port {product.port} is taken by another program. Choose another: make run "
        f"PORT={product.port + 1}" in said
    )


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(product: Product, port: str):
    code, said = product.start(PORT=port).end()

    assert (code, said) == (
        1,
        f"PORT={port} is not a port. Choose a number from 1024 to 65535: make run PORT=8001\n",
    )


def test_one_database_address_alone_is_refused(product: Product):
    code, said = product.start(DATABASE_URL="postgresql://app@localhost/throughline").end()

    assert code == 1
    assert "Set both DATABASE_URL" in said


def test_h3_a_nursery_that_cannot_import_the_product_says_so(tmp_path: Path):
    """`make run` then starts each process by itself, and its log tells the reason."""
    nursery = Nursery(tmp_path / "nursery.log", check=lambda: None)

    with pytest.raises(NoNursery, match="did not answer"):
        nursery.fork([sys.executable, "-m", "celery"], {}, tmp_path / "beat.log")

    nursery.close()
    assert "SECRET_KEY" in (tmp_path / "nursery.log").read_text()
