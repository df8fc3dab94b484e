"""H1: a person is found however the name, the addresses and the numbers are written."""

from __future__ import annotations

import json

import pytest

from routing.people.finder import Finder
from routing.people.naming import PersonTerms, phone_number

MUELLER = Finder(
    PersonTerms(
        names=("Käthe Müller-Ørsted",),
        emails=("kaethe@bücher.example",),
        phones=("+49 (0)30 123 45-67",),
    )
)
CARLA = Finder(
    PersonTerms(names=("Carla Client",), emails=("carla@acme.test",), phones=("0171 123456",))
)


@pytest.mark.parametrize(
    "text",
    [
        "Käthe Müller-Ørsted",
        "KÄTHE MÜLLER ØRSTED",
        "Ka\u0308the Mu\u0308ller-Ørsted",  # decomposed
        "Kaethe Mueller-Oersted",
        "Kathe Muller Orsted",
        "Käthe\u00a0Müller\u2011Ørsted",
        "Kä\u00adthe Mül\u200bler-Ørsted",  # soft hyphen, zero-width space
        "Ｋäthe Müller-Ørsted",  # full width
        "Käthe <b>Müller</b>-Ørsted",
        "K&auml;the M&uuml;ller-&Oslash;rsted",
        "K%C3%A4the%20M%C3%BCller-%C3%98rsted",
        r"K\u00e4the M\u00fcller-\u00d8rsted",
        "K=C3=A4the M=C3=BCl=\nler-=C3=98rsted",
        "https://acme.test/team/kaethe-mueller-oersted/",
        "Ørsted, Käthe Müller",
        "kaethe@bücher.example",
        "KAETHE@xn--bcher-kva.example",
        "kaethe+news@bücher.example.",
        "mailto:kaethe%40b%C3%BCcher.example",
        "kaethe (at) bücher.example",
        "030 1234567",
        "+49301234567",
        "0049 30 / 123 45 67",
        "+49 30 1234567",
        "tel:+49-30-123-4567",
        "(030) 12 34 567",
        "٠٣٠١٢٣٤٥٦٧",  # Arabic digits
    ],
)
def test_h1_every_way_of_writing_a_person_is_found(text: str) -> None:
    assert MUELLER.without(f"Ask {text} first") not in {f"Ask {text} first", text}
    assert "[redacted]" in MUELLER.without(f"Ask {text} first")


@pytest.mark.parametrize(
    "text",
    [
        "Joanna Clientele",
        "McCarla Client",
        "Carla Clients",
        "joancarla@acme.test",
        "carla@acme.test.example",
        "carla@acme.tested",
        "10171123456",
        "0171 1234567",
        "order 2001711234560",
        "Carla from the Client side",
        "",
    ],
)
def test_h1_who_only_looks_alike_is_left(text: str) -> None:
    assert CARLA.without(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Call Carla Client on 0171 123456!", "Call [redacted] on [redacted]!"),
        ("Straße für CARLA  CLIENT’s team", "Straße für [redacted]’s team"),
        ("a😀b Carla Client c", "a😀b [redacted] c"),
    ],
)
def test_h1_only_the_person_is_taken_out_of_a_text(text: str, kept: str) -> None:
    assert CARLA.without(text) == kept


def test_h1_json_stays_json_and_names_that_stand_apart_are_found() -> None:
    value = {
        "contact": {"firstname": "Carla", "lastname": "Client", "age": 44},
        "carla@acme.test": ["x", {"deep": "Carla Client"}],
        "phone": 171123456,
        "note": None,
    }

    found = CARLA.without(value)

    assert found == {
        "contact": {"firstname": "[redacted]", "lastname": "[redacted]", "age": 44},
        "[redacted]": ["x", {"deep": "[redacted]"}],
        "phone": "[redacted]",
        "note": None,
    }
    assert json.loads(CARLA.without(json.dumps(value)))["contact"]["lastname"] == "[redacted]"
    assert CARLA.without(b'{"e": "\\u0063arla@acme.test"}') == b""


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Carla asked for it", True),
        ("C. Client called", True),
        ("Ms Client", True),
        ("carlaclient", True),
        ("carla@elsewhere.test", True),
        ("ext. 0171/12345", False),
        ("Nobody", False),
        ("Carla Client", False),  # a sure match is no near one
    ],
)
def test_h1_near_matches_are_told_apart(text: str, near: bool) -> None:
    assert CARLA.without(text) == text or not near
    assert bool(CARLA.near(text)) == near


def test_h1_a_name_or_number_that_others_have_is_only_near() -> None:
    name, phone = "Maria Schmidt", "+49 30 999888"
    shared = Finder(PersonTerms((name,), (), (phone,), frozenset({name, phone})))

    assert shared.without(f"{name}, {phone}") == f"{name}, {phone}"
    assert shared.near(f"Dear {name}")


@pytest.mark.parametrize("name", ["Max", "Anna", "Will"])
def test_h1_a_short_name_of_one_word_is_only_near(name: str) -> None:
    finder = Finder(PersonTerms((name,)))

    assert finder.without(f"{name} said so") == f"{name} said so"
    assert finder.near(f"{name} said so")


def test_h1_scripts_without_spaces_are_found_within_running_text() -> None:
    assert (
        Finder(PersonTerms(("山田太郎",))).without("担当は山田太郎です") == "担当は[redacted]です"
    )


@pytest.mark.parametrize(
    "name", ["अनीता शर्मा", "Анна Каренина", "محمد السيد", "Nguyễn Thị Ánh", "Seán O’Brien"]
)
def test_h1_names_of_other_scripts_are_found(name: str) -> None:
    assert Finder(PersonTerms((name,))).without(f"x {name.upper()} y") == "x [redacted] y"


@pytest.mark.parametrize(
    ("text", "country", "national"),
    [
        ("+1 (212) 555-0123", "1", "2125550123"),
        ("0044 20 7946 0958", "44", "2079460958"),
        ("+353 1 234 5678 ext. 12", "353", "12345678"),
        ("0171 123456", "", "171123456"),
    ],
)
def test_h1_numbers_are_compared_without_country_and_zero(
    text: str, country: str, national: str
) -> None:
    number = phone_number(text)

    assert number is not None
    assert (number.country, number.national) == (country, national)


@pytest.mark.parametrize("text", ["", "12345", "ext 4", "n/a"])
def test_h1_a_few_digits_identify_nobody(text: str) -> None:
    assert phone_number(text) is None


def test_h1_numbers_that_json_does_not_have_become_text_beside_a_person() -> None:
    found = CARLA.without('{"b": NaN, "c": [1e999, 1.5], "a": "Carla Client"}')

    assert json.loads(found) == {"a": "[redacted]", "b": "NaN", "c": ["1e999", 1.5]}
    assert found == '{"a":"[redacted]","b":"NaN","c":["1e999",1.5]}'
    assert CARLA.without('{"b": NaN}') == '{"b": NaN}'
