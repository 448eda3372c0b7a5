"""Which values are masked, and which are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.redaction import redact, redact_password, redact_text

BODY = "51Abcdefghijklmnopqrstuv1a2b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sk_test_{BODY}", "sk_test_…1a2b"),
        (f"Bearer rk_live_{BODY}!", "Bearer rk_live_…1a2b!"),
        (f"sk_org_{BODY}", "sk_org_…1a2b"),
        (f"ek_test_{BODY}", "ek_test_…1a2b"),
        (f"whsec_{BODY}", "whsec_…1a2b"),
        ("pi_3Abc_secret_Wq1234567890xyz1", "pi_3Abc_secret_…xyz1"),
        ("seti_1_secret_Wq1234567890xyz1", "seti_1_secret_…xyz1"),
        (f"?next=%2Fv1%3Fkey%3Dsk_live_{BODY}", "?next=%2Fv1%3Fkey%3Dsk_live_…1a2b"),
        (f"'a\\nrk_test_{BODY}'", "'a\\nrk_test_…1a2b'"),
        (f"MY_sk_test_{BODY}", "MY_sk_test_…1a2b"),
        ("cs_test_1_secret_fidJ2hw%2BTAIL%2F12", "cs_test_1_secret_…2F12"),
        ("Bearer abcdefghij1234", "Bearer …1234"),
        ("Basic c2tfdGVzdF81MUFiOg==", "Basic …Og=="),
        (
            "card[number]=4242424242424242&card[cvc]=123",
            "card[number]=…4242&card[cvc]=…",
        ),
        ("card%5Bcvc%5D%3D1234&n%3D4242424242424242", "card%5Bcvc%5D%3D…&n%3D…4242"),
        ('{"cvc": "123"}', '{"cvc": "…"}'),
        ("{'cvc': 123}", "{'cvc': …}"),
        ("a[account_number]=000123456789&b=1", "a[account_number]=…6789&b=1"),
        ('{\\n "account_number": "000123456789"}', '{\\n "account_number": "…6789"}'),
        ("%5Bid_number%5D%3D000000000", "%5Bid_number%5D%3D…0000"),
        ("password=hunter22&a=b", "password=…&a=b"),
        ("4242+4242+4242+4242", "…4242"),
        ("4242%204242%204242%204242", "…4242"),
        ("card 4000-0027-6000-3184.", "card …3184."),
        ("378282246310005", "…0005"),
        ("DE89370400440532013000", "…3000"),
        ("AT61 1904 3002 3457 3201", "…3201"),
    ],
)
def test_what_looks_like_a_secret_is_masked_anywhere(text: str, expected: str) -> None:
    assert redact_text(text) == expected
    assert redact({"a": [{"b": text}]}) == {"a": [{"b": expected}]}
    assert redact({text: 1}) == {expected: 1}


@pytest.mark.parametrize(
    "text",
    [
        "pk_test_0123456789abcdef",
        "Bearer pk_test_0123456789abcdef",
        "Basic authentication is required",
        "the disk_test_0123456789 passed",
        "the cvc_check: 123",
        '{"client_secret": null, "pinned": 5}',
        "{'secret': None, 'cvc_check': 'pass'}",
        "incorrect_cvc, iban or password: type it again",
        "cus_NffrFeUfNV2Hib",
        "1234567890123456",
        "pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "inv4242424242424242",
        "0.4242424242424242",
        "the secret_word is out",
        "US12 KLMN",
        "1767225600",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"card": {"cvc": "123"}}, {"card": {"cvc": "…"}}),
        ({"cvc": 123}, {"cvc": "…"}),
        ({"card": {"number": "4000"}}, {"card": {"number": "…"}}),
        ({"number": "INV-0001"}, {"number": "INV-0001"}),
        (
            {"us_bank_account": {"account_number": "000123456789"}},
            {"us_bank_account": {"account_number": "…6789"}},
        ),
        (
            {"external_account": {"number": "12345678901"}},
            {"external_account": {"number": "…8901"}},
        ),
        (
            {"individual": {"id_number": "000000000"}},
            {"individual": {"id_number": "…0000"}},
        ),
        ({"ssn_last_4": "1234"}, {"ssn_last_4": "…"}),
        ({"api_key": "an-odd-one"}, {"api_key": "…-one"}),
        ({"Client-Secret": "bare-secret-9999"}, {"Client-Secret": "…9999"}),
        ({"CVC": "123"}, {"CVC": "…"}),
        ({"pin": {"encrypted_number": "x1"}}, {"pin": {"encrypted_number": "…"}}),
        (
            {"individual": {"id_number_secondary": "000000000"}},
            {"individual": {"id_number_secondary": "…0000"}},
        ),
        ({"secret": f"whsec_{BODY}"}, {"secret": "whsec_…1a2b"}),
        ({"secret": "bare-secret-9999"}, {"secret": "…9999"}),
        ({"secret": None, "amount": 5, "paid": True}, None),
        ({"secret": ""}, None),
    ],
)
def test_values_under_a_secret_s_name_are_masked(
    value: object, expected: object
) -> None:
    assert redact(value) == (value if expected is None else expected)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_value_is_redacted_once_and_for_all(value: object) -> None:
    once = redact(value)
    assert redact(once) == once


def test_the_value_itself_is_left_as_it_was() -> None:
    value = {"card": {"number": "4242424242424242"}}
    redact(value)
    assert value == {"card": {"number": "4242424242424242"}}


def test_what_is_nested_without_end_is_cut_off() -> None:
    value: object = "sk_test_0123456789"
    for _ in range(5000):
        value = [value]
    assert "sk_test" not in str(redact(value))


@pytest.mark.parametrize(
    ("text", "password", "expected"),
    [
        ("at me:a@db a word has an a", "a", "at me:***@db a word has an a"),
        ("a&b is no a%26b", "a&b", "a&b is no a%26b"),
        ("me:a%26b@db, password='a&b'", "a&b", "me:***@db, password='***'"),
        ("port 5432: 5 tries, me:5@db:5432", "5", "port 5432: 5 tries, me:***@db:5432"),
        ("xs3cret-wordx of p%40ssword", "s3cret-word", "x***x of p%40ssword"),
        ("p@ssword and p%40ssword", "p@ssword", "*** and ***"),
        ("p@ssword and p%40ssword", "p%40ssword", "*** and ***"),
        ("(me:.*@db)", ".*", "(me:***@db)"),
        ("as it was", "", "as it was"),
        ("as it was", None, "as it was"),
    ],
)
def test_a_password_is_masked_and_no_word(
    text: str, password: str | None, expected: str
) -> None:
    assert redact_password(text, password) == expected
