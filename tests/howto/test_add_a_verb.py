"""docs/howto/add-a-verb.md, followed to the end."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from django.db.models import Model

from config.paths import ROOT
from delivery.apps import REGISTERING
from delivery.models import Request
from delivery.requests import models as request_models
from routing.desk import checks as form_checks
from routing.desk import forms
from routing.kernel import roles
from routing.kernel.transitions import state_field, transitions_of
from routing.work import checks, door, registry
from tests.howto.guide import files, load
from tests.world import World

pytestmark = pytest.mark.usefixtures("without_second_factor")

ROOM = "delivery/requests"
MODELS, APPS = f"{ROOM}/models.py", "delivery/apps.py"
REACTION, TEST = f"{ROOM}/operations/postponing.py", "tests/delivery/requests/test_postponing.py"
# In the order in which they import each other.
CHANGED = [
    f"{ROOM}/{name}.py" for name in ("details", "gates", "operations/requests", "admin_forms")
]
VERB = "postpone"
PERMISSION, KIND = "delivery.postpone_request", "delivery.request.postpone"


def module_of(path: str) -> ModuleType:
    return import_module(path.removesuffix(".py").replace("/", "."))


def new_nodes(path: str, text: str) -> list[ast.stmt]:
    """Return what the guide adds to a module, or changes in it."""
    before = {ast.unparse(node) for node in ast.parse((ROOT / path).read_text()).body}
    return [node for node in ast.parse(text).body if ast.unparse(node) not in before]


def extend(path: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add to a module of the running product, for this test alone, what the guide adds to it."""
    module = module_of(path)
    names = dict(vars(module))
    future = ast.parse("from __future__ import annotations").body
    added = ast.Module([*future, *new_nodes(path, text)], [])
    exec(compile(added, path, "exec"), names)  # noqa: S102  # ours, from the guide
    for name, value in names.items():
        if name != "annotations" and vars(module).get(name) is not value:
            monkeypatch.setattr(module, name, value, raising=False)


def add_verb(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Add the verb of the guide to the model.

    A second class of this name would be a second model, so the method alone is compiled.
    """
    [changed] = new_nodes(MODELS, text)
    assert isinstance(changed, ast.ClassDef)
    methods = [node for node in changed.body if isinstance(node, ast.FunctionDef)]
    [verb] = [method for method in methods if not hasattr(Request, method.name)]
    field = state_field(Request)
    names = {**vars(request_models), **vars(Request), "state": field}
    future = ast.parse("from __future__ import annotations").body
    exec(compile(ast.Module([*future, verb], []), MODELS, "exec"), names)  # noqa: S102  # the same
    monkeypatch.setattr(Request, verb.name, names[verb.name], raising=False)
    monkeypatch.setitem(field.transitions[Request], verb.name, names[verb.name])


@pytest.fixture
def followed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The verb added to the running product, and its permission given to the roles."""
    found = files("add-a-verb.md")
    assert set(found) == {*CHANGED, MODELS, APPS, REACTION, TEST}
    # What registers itself below is taken out again with these.
    monkeypatch.setitem(roles._granted, PERMISSION, set())
    monkeypatch.setitem(roles._names, PERMISSION, "")
    monkeypatch.setitem(registry._reactions, KIND, [])
    monkeypatch.setitem(door._operations[Request], VERB, None)
    key: tuple[type[Model], str] = (Request, VERB)
    monkeypatch.setitem(forms._forms, key, forms.StepForm)
    add_verb(found[MODELS], monkeypatch)
    transitions_of.cache_clear()  # read again with the verb, and below without it
    for path in CHANGED:
        extend(path, found[path], monkeypatch)
    load(REACTION, found[REACTION], tmp_path, monkeypatch)
    roles.sync_groups("default")
    yield found
    transitions_of.cache_clear()


def test_the_guides_own_tests_pass(
    world: World, followed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = load(TEST, followed[TEST], tmp_path, monkeypatch)

    tests.test_it_is_postponed_at_the_desk_and_the_client_reads_it(world)
    tests.test_an_earlier_day_is_refused(world)


def test_no_system_check_finds_a_fault_with_it(followed: dict[str, str]) -> None:
    assert door.operations_of(Request)[VERB].may == (roles.AM, roles.OPS)
    for check in (
        checks.every_reaction_waits_for_an_event_that_can_happen,
        checks.every_step_says_in_the_activity_what_was_done,
        checks.every_verb_takes_the_details_of_its_operation,
        form_checks.every_form_has_the_fields_of_its_details,
    ):
        assert check() == []


def test_the_app_imports_the_reaction(followed: dict[str, str]) -> None:
    changed: dict[str, object] = {"__name__": "delivery.changed_apps"}
    exec(compile(followed[APPS], APPS, "exec"), changed)  # noqa: S102  # ours, from the guide

    registering = changed["REGISTERING"]
    assert isinstance(registering, tuple)
    assert set(registering) - set(REGISTERING) == {"delivery.requests.operations.postponing"}
