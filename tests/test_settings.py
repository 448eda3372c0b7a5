"""What counts as a key, and what is said about what doesn't."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from pathlib import Path

import pytest

from stripe_nb import paths
from stripe_nb.errors import LiveKeyError, SettingsError, StripeNbError
from stripe_nb.settings import Settings, key_mode, load_settings, loopback_url, mask

BODY = "51Abcdefghijklmnopqrstuv1a2b"
TEST = f"sk_test_{BODY}"
RESTRICTED = f"rk_test_{BODY}"
LIVE = f"sk_live_{BODY}"
RESTRICTED_LIVE = f"rk_live_{BODY}"
PUBLISHABLE = f"pk_test_{BODY}"
PUBLISHABLE_LIVE = f"pk_live_{BODY}"
SECRET = "STRIPE_SECRET_KEY"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str, *, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_no_settings_at_all_mean_the_sandbox() -> None:
    assert load_settings() == Settings()


@pytest.mark.parametrize("key", [TEST, RESTRICTED])
def test_a_test_key_is_taken_from_the_environment(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, key)
    assert load_settings().secret_key == key


def test_env_file_is_searched_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".env", f"{SECRET}={TEST}\nSTRIPE_ACCOUNT=acct_1Abc\n")
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load_settings() == Settings(secret_key=TEST, account="acct_1Abc")


def test_reading_leaves_the_environment_alone(tmp_path: Path) -> None:
    write(tmp_path / ".env", f"{SECRET}={TEST}\n")
    before = dict(os.environ)
    load_settings()
    assert dict(os.environ) == before


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".env", f"{SECRET}={LIVE}\n")
    monkeypatch.setenv(SECRET, TEST)
    assert load_settings().secret_key == TEST


def test_a_file_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "other.env", f"{SECRET}={TEST}\n")
    assert load_settings(path).secret_key == TEST


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no file .*missing\.env"):
        load_settings(tmp_path / "missing.env")


def test_quoted_values_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    write(tmp_path / ".env", f'\ufeff{SECRET}="{TEST}"  # mine\n')
    assert load_settings().secret_key == TEST


def test_dollar_signs_are_not_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELSEWHERE", TEST)
    write(tmp_path / ".env", f"{SECRET}=${{ELSEWHERE}}\n")
    with pytest.raises(SettingsError, match="does not look like"):
        load_settings()


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(f"{SECRET}={TEST}".encode("utf-16"))
    with pytest.raises(SettingsError, match="save it as UTF-8") as caught:
        load_settings()
    assert TEST not in str(caught.value)


def test_the_example_file_copied_as_it_is_means_the_sandbox(
    tmp_path: Path, root: Path
) -> None:
    write(tmp_path / ".env", (root / ".env.example").read_text(encoding="utf-8"))
    assert load_settings() == Settings()


@pytest.mark.parametrize("text", ["", " ", '""', "\t"])
def test_an_empty_key_in_the_file_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path / ".env", f"{SECRET}={text}\n")
    with pytest.raises(SettingsError, match=r"\.env is empty: .* remove the variable"):
        load_settings()


def test_an_empty_key_in_the_environment_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SECRET, "")
    with pytest.raises(SettingsError, match="in the environment is empty"):
        load_settings()


def test_a_name_without_a_value_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / ".env", f"{SECRET}\n")
    with pytest.raises(SettingsError, match="is empty"):
        load_settings()


def test_a_line_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / ".env", f"{SECRET}: {TEST}\n")
    with pytest.raises(SettingsError, match="can't be read") as caught:
        load_settings()
    assert TEST not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (PUBLISHABLE, "is a publishable key"),
        (PUBLISHABLE_LIVE, "is a publishable key"),
        (f"whsec_{BODY}", "signing secret of a webhook endpoint"),
        (f"sk_org_{BODY}", "organization's key"),
        ("acct_1Abcdefghijklmnop", "move it to STRIPE_ACCOUNT"),
        (f"Bearer {TEST}", "belongs to the HTTP header"),
        (f"{TEST} ", "a space or a line break"),
        (f"sk_test_{BODY[:9]}\n{BODY[9:]}", "a space or a line break"),
        (f"'{TEST}'", "quotation marks"),
        (f"“{TEST}”", "quotation marks"),
        (f'"{PUBLISHABLE}"', "is a publishable key"),
        ("sk_test_...", "no whole key"),
        ("sk_test_short1234", "no whole key"),
        ("sk_test_put_your_own_key_here", "no whole key"),
        (f"{TEST}é", "no whole key"),
        (f"sk_tset_{BODY}", "does not look like"),
        (TEST.upper(), "does not look like"),
        (BODY, "does not look like"),
    ],
)
def test_a_malformed_key_is_told_what_it_is(
    key: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, key)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings(allow_live=True)
    assert not isinstance(caught.value, LiveKeyError)
    assert BODY[:6] not in str(caught.value)
    assert key not in str(caught.value)


@pytest.mark.parametrize("key", [LIVE, RESTRICTED_LIVE])
def test_a_live_key_needs_to_be_asked_for(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, key)
    with pytest.raises(LiveKeyError, match="allow_live=True") as caught:
        load_settings()
    assert BODY[:6] not in str(caught.value)
    assert load_settings(allow_live=True).secret_key == key


def test_publishable_keys_are_read_and_trimmed(tmp_path: Path) -> None:
    write(
        tmp_path / ".env",
        f"{SECRET}={TEST}\nSTRIPE_PUBLISHABLE_KEY='{PUBLISHABLE} '\n",
    )
    assert load_settings().publishable_key == PUBLISHABLE


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (TEST, "which every visitor of a page would see"),
        (LIVE, "which every visitor of a page would see"),
        ("pk_test_...", "does not look like a publishable key"),
        (PUBLISHABLE_LIVE, "different modes"),
    ],
)
def test_a_wrong_publishable_key_is_told_what_it_is(
    key: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, TEST)
    monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", key)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()
    assert BODY[:6] not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["STRIPE_PUBLISHABLE_KEY", "STRIPE_ACCOUNT", "STRIPE_NB_SANDBOX_URL"]
)
def test_other_settings_may_be_empty(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, " ")
    assert load_settings() == Settings()


def test_an_account_has_stripes_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_ACCOUNT", "cus_123")
    with pytest.raises(SettingsError, match="acct_"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("http://127.0.0.1:8420/", "http://127.0.0.1:8420"),
        ("http://LOCALHOST:8420", "http://localhost:8420"),
        ("http://127.3.2.1", "http://127.3.2.1:80"),
        ("http://[::1]:8420", "http://[::1]:8420"),
    ],
)
def test_a_sandbox_on_this_machine_is_joined(text: str, url: str) -> None:
    assert loopback_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com:8420",
        "http://192.168.1.2:8420",
        "http://0.0.0.0:8420",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://user@127.0.0.1:8420",
        "http://example.com\\@127.0.0.1:8420",
        "http://127.1:8420",
        "http://127.0.0.1:port",
        "http://[::1:8420",
        "http://127.0.0.1:8420/v1",
        "http://127.0.0.1:8420?a=b",
        "https://127.0.0.1:8420",
        "127.0.0.1:8420",
        "file:///etc/passwd",
    ],
)
def test_a_sandbox_elsewhere_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_NB_SANDBOX_URL", text)
    with pytest.raises(SettingsError, match="STRIPE_NB_SANDBOX_URL"):
        load_settings()


def test_beside_a_sandboxs_url_keys_are_not_even_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".env", f"{SECRET}={LIVE}\nSTRIPE_PUBLISHABLE_KEY={TEST}\n")
    monkeypatch.setenv("STRIPE_NB_SANDBOX_URL", "http://127.0.0.1:8420")
    assert load_settings() == Settings(sandbox_url="http://127.0.0.1:8420")


def test_settings_show_at_most_the_last_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, TEST)
    monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", PUBLISHABLE)
    settings = load_settings()
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "sk_test_…1a2b" in shown
        assert BODY[:6] not in shown


def test_settings_are_not_pickled() -> None:
    with pytest.raises(TypeError, match="load them anew"):
        pickle.dumps(Settings(secret_key=TEST))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (None, "None"),
        (TEST, "sk_test_…1a2b"),
        ("sk_test_1234", "…"),
        (BODY, "…"),
    ],
)
def test_mask_never_shows_a_whole_key(key: str | None, shown: str) -> None:
    assert mask(key) == shown


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        (TEST, "test"),
        (RESTRICTED, "test"),
        (PUBLISHABLE, "test"),
        (LIVE, "live"),
        (RESTRICTED_LIVE, "live"),
        (f"ek_live_{BODY}", "live"),
        (f"sk_org_{BODY}", "unknown"),
        (BODY, "unknown"),
        ("", "unknown"),
    ],
)
def test_the_mode_is_told_by_the_prefix(key: str, mode: str) -> None:
    assert key_mode(key) == mode


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_with_a_key_that_others_can_read_is_warned_of(
    tmp_path: Path, mode: int
) -> None:
    path = write(tmp_path / ".env", f"{SECRET}={TEST}\n", mode=mode)
    with pytest.warns(UserWarning, match="run chmod 600") as caught:
        load_settings()
    assert str(path) in str(caught[0].message)
    assert BODY[:6] not in str(caught[0].message)


@pytest.mark.parametrize(
    ("text", "mode"),
    [(f"{SECRET}={TEST}\n", 0o600), ("STRIPE_ACCOUNT=acct_1\n", 0o644)],
)
def test_a_file_that_gives_nothing_away_is_not_warned_of(
    tmp_path: Path, text: str, mode: int
) -> None:
    write(tmp_path / ".env", text, mode=mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_settings()


def test_packaged_files_are_found_before_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "stripe_nb"
    monkeypatch.setattr(paths, "_PACKAGE", package)
    in_checkout = tmp_path / "data" / "scenarios"
    in_checkout.mkdir(parents=True)
    assert paths.data_path("scenarios") == in_checkout
    in_wheel = package / "_data" / "scenarios"
    in_wheel.mkdir(parents=True)
    assert paths.data_path("scenarios") == in_wheel
    (package / "_notebooks").mkdir()
    assert paths.notebooks_path() == package / "_notebooks"


def test_a_missing_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "stripe_nb")
    with pytest.raises(StripeNbError, match=r"iso4217\.json is missing .*reinstall"):
        paths.data_path("iso4217.json")


@pytest.mark.parametrize(
    "variables",
    [
        {SECRET: LIVE},
        {SECRET: f"{TEST} "},
        {SECRET: f"Bearer {TEST}"},
        {SECRET: TEST, "STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_LIVE},
        {SECRET: TEST, "STRIPE_PUBLISHABLE_KEY": LIVE},
        {SECRET: TEST, "STRIPE_ACCOUNT": TEST},
        {SECRET: TEST, "STRIPE_NB_SANDBOX_URL": f"http://127.0.0.1:{LIVE}"},
        {SECRET: TEST, "STRIPE_NB_SANDBOX_URL": f"http://{LIVE}@127.0.0.1"},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("in_file", [True, False])
def test_a_traceback_with_variables_shows_no_key(
    variables: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_file: bool,
) -> None:
    if in_file:
        lines = (f"{name}='{value}'\n" for name, value in variables.items())
        write(tmp_path / ".env", "".join(lines))
    else:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    assert BODY not in _shown_failure()


@pytest.mark.parametrize("text", [f"{SECRET}: {TEST}", f"{SECRET}={TEST} # caf\udce9"])
def test_a_traceback_of_an_unreadable_file_shows_no_key(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / ".env").chmod(0o600)
    assert BODY not in _shown_failure()


def test_a_traceback_of_a_warning_shows_no_key(tmp_path: Path) -> None:
    write(tmp_path / ".env", f"STRIPE_API_KEY={TEST}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert BODY not in _shown_failure(UserWarning)


def _shown_failure(kind: type[Exception] = SettingsError) -> str:
    with pytest.raises(kind) as caught:
        load_settings()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    return "".join(shown.format())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"STRIPE_API_KEY={TEST}", "STRIPE_API_KEY"),
        (f"stripe_secret_key='{LIVE}'", "stripe_secret_key"),
        (f"export Stripe_Key = {RESTRICTED}", "Stripe_Key"),
        (f"set {SECRET}={TEST}", SECRET),
        (f'setx {SECRET} "{TEST}"', SECRET),
        (f'$env:{SECRET} = "{TEST}"', SECRET),
        (f"STRIPE_KEY: {TEST}", "STRIPE_KEY"),
    ],
)
def test_a_key_under_another_name_is_warned_of(
    line: str, name: str, tmp_path: Path
) -> None:
    path = write(tmp_path / ".env", f"# mine\n{line}\n")
    with pytest.warns(UserWarning, match=f"write it as {SECRET}=") as caught:
        assert load_settings() == Settings()
    (said,) = [str(each.message) for each in caught]
    assert said.startswith(f"{name} in {path} ")
    assert BODY[:6] not in said


def test_a_key_under_another_name_in_the_environment_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", TEST)
    with pytest.warns(UserWarning, match="STRIPE_API_KEY in the environment"):
        load_settings()


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}={TEST}\nSTRIPE_API_KEY={TEST}\n",
        f"export {SECRET}={TEST}\n",
        f"# STRIPE_API_KEY={TEST}\n",
        f"STRIPE_API_KEY={TEST}\nSTRIPE_NB_SANDBOX_URL=http://127.0.0.1:8420\n",
        "STRIPE_API_KEY=\nOTHER=disk_test_1\n",
    ],
)
def test_other_names_are_not_warned_of_where_nothing_is_missed(
    text: str, tmp_path: Path
) -> None:
    write(tmp_path / ".env", text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_settings()
