"""Without an SMTP server, mail is kept in a folder and shown at the desk."""

import stat
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client

from config.mail import stored_emails
from tests.desk import signed_in, words
from tests.world import NOW, World

PAGE = "/admin/mail/"


@pytest.fixture(autouse=True)
def _embedded_demo(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.EMAIL_BACKEND = "config.mail.stored_emails.FolderBackend"
    settings.EMBEDDED = True
    settings.SIGN_INS_FILE = tmp_path / "sign-ins"
    settings.SIGN_INS_FILE.touch()


def send(
    subject: str = "Your code",
    text: str = "Enter 123456.",
    to: str = "carla@acme.test",
    kind=EmailMessage,
) -> None:
    kind(subject, text, to=[to]).send()


def test_a_letter_is_read_as_it_was_written():
    send("Größe & “Stil”", "Dear Carla,\n\nhttps://work.example/x\n", "Carla <carla@acme.test>")

    [file] = stored_emails.newest_first()
    [letter] = stored_emails.read([file])

    assert (letter.subject, letter.recipients) == ("Größe & “Stil”", "Carla <carla@acme.test>")
    assert letter.text == "Dear Carla,\n\nhttps://work.example/x"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_two_forms_the_plain_one_is_shown_and_html_alone_without_its_tags(time_machine):
    both = EmailMultiAlternatives("Both", "Plain words", to=["a@b.test"])
    both.attach_alternative("<p>Rich words</p>", "text/html")
    both.attach("brief.pdf", b"%PDF", "application/pdf")
    both.send()
    time_machine.move_to(NOW + timedelta(seconds=1), tick=False)
    html = EmailMessage("HTML", "<p>Rich <b>words</b></p>", to=["a@b.test"])
    html.content_subtype = "html"
    html.send()

    only, alternative = stored_emails.read(stored_emails.newest_first())

    assert (alternative.text, alternative.attachments) == ("Plain words", ("brief.pdf",))
    assert (only.text, only.attachments) == ("Rich words", ())


def test_files_that_are_no_letters_are_passed_over():
    send()
    (stored_emails.folder() / "notes.eml").write_text("mine")

    assert len(list(stored_emails.read(stored_emails.newest_first()))) == 1


@pytest.mark.django_db
def test_the_newest_comes_first_in_the_readers_own_time(world: World, time_machine):
    time_machine.move_to(datetime.fromisoformat("2026-11-23T09:30:00+00:00"), tick=False)
    send("First")
    time_machine.move_to(datetime.fromisoformat("2026-11-23T10:30:00+00:00"), tick=False)
    send("Second")
    type(world.alice).objects.filter(pk=world.alice.pk).update(timezone="Asia/Tokyo")

    said = words(signed_in(world.alice).get(PAGE))

    assert said.index("Second") < said.index("First")
    assert "To carla@acme.test" in said
    assert "Mon 23 Nov 2026, 19:30 JST" in said
    assert "e-mails are not sent" in said


@pytest.mark.django_db
def test_addresses_become_links_and_markup_stays_text(world: World):
    send(text='Go to https://work.example/accounts/x/?a=1&b=2 <script>alert("x")</script>')

    page = signed_in(world.alice).get(PAGE).content.decode()

    assert 'href="https://work.example/accounts/x/?a=1&amp;b=2"' in page
    assert "<script>alert" not in page


@pytest.mark.django_db
def test_a4_an_email_is_shown_as_html_in_a_frame_and_as_text(world: World):
    both = EmailMultiAlternatives("Both", "Plain words", to=["a@b.test"])
    both.attach_alternative("<p>Rich words</p><script>alert(1)</script>", "text/html")
    both.send()
    [file] = stored_emails.newest_first()
    browser = signed_in(world.alice)

    page, frame = browser.get(PAGE), browser.get(f"{PAGE}{file.name}/")

    assert f'src="{PAGE}{file.name}/"' in page.content.decode()
    assert "Plain words" in words(page)
    assert "Rich words" in frame.content.decode()
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert browser.get(f"{PAGE}..%2Fsign-ins/").status_code == 404
    assert browser.get(f"{PAGE}nothing.eml/").status_code == 404


@pytest.mark.django_db
def test_a4_the_html_of_an_email_is_for_those_who_may_read_it(world: World, settings):
    settings.EMBEDDED = False
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "SecondFactor" not in each]
    both = EmailMultiAlternatives("Both", "Plain words", to=["a@b.test"])
    both.attach_alternative("<p>Rich words</p>", "text/html")
    both.send()
    [file] = stored_emails.newest_first()

    assert signed_in(world.alice).get(f"{PAGE}{file.name}/").status_code == 403
    assert signed_in(world.olga).get(f"{PAGE}{file.name}/").status_code == 200


@pytest.mark.django_db
def test_an_empty_folder_says_what_will_be_there(world: World):
    assert "No e-mails" in words(signed_in(world.alice).get(PAGE))


@pytest.mark.django_db
def test_many_letters_come_in_pages(world: World, monkeypatch, time_machine):
    monkeypatch.setattr("config.mail.page.PER_PAGE", 2)
    for number in range(5):
        time_machine.move_to(NOW + timedelta(seconds=number), tick=False)
        send(f"Letter number {number}")
    browser = signed_in(world.alice)

    assert "Page 3 of 3" in words(browser.get(f"{PAGE}?page=3"))
    assert "Letter number 0" in words(browser.get(f"{PAGE}?page=nonsense&page=99"))


@pytest.mark.django_db
def test_it_only_reads(world: World):
    send()
    browser = signed_in(world.alice)
    before = [file.stat().st_mtime_ns for file in stored_emails.newest_first()]

    assert browser.get(PAGE).status_code == 200
    assert browser.post(PAGE).status_code == 405
    assert [file.stat().st_mtime_ns for file in stored_emails.newest_first()] == before
    assert "no-store" in browser.get(PAGE).headers["Cache-Control"]


@pytest.mark.django_db
def test_strangers_sign_in_first():
    answer = Client().get(PAGE, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.django_db
def test_on_servers_of_ones_own_only_who_may_change_people_reads_it(world: World, settings):
    settings.EMBEDDED = False
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "SecondFactor" not in each]
    send()

    assert signed_in(world.alice).get(PAGE).status_code == 403
    assert signed_in(world.olga).get(PAGE).status_code == 200


@pytest.mark.django_db
def test_everybody_reads_it_in_the_demo_alone_and_is_told_so(world: World, settings):
    send()

    assert "This is the demo, so everybody" in words(signed_in(world.alice).get(PAGE))
    settings.SIGN_INS_FILE.unlink()
    assert signed_in(world.alice).get(PAGE).status_code == 403
    assert "This is the demo" not in words(signed_in(world.olga).get(PAGE))
    assert "Enter 123456." in words(signed_in(world.olga).get(PAGE))


@pytest.mark.django_db
def test_with_an_smtp_server_there_is_no_such_page_and_no_link_to_it(world: World, monkeypatch):
    monkeypatch.setattr(stored_emails, "are_kept", lambda: False)
    browser = signed_in(world.alice)

    assert browser.get(PAGE).status_code == 404
    assert PAGE not in browser.get("/admin/").content.decode()


@pytest.mark.django_db
def test_the_sidebar_leads_there(world: World):
    assert f'href="{PAGE}"' in signed_in(world.alice).get("/admin/").content.decode()
