from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.connectors._kit.xml import parse_xml
from afterbill.model.errors import PayloadError

MEGABYTE = 1_000_000


def test_tags_become_keys_and_text_strings() -> None:
    body = (
        b'<?xml version="1.0"?>\n<paid> <bill><number type="integer">7</number><note> two words </note></bill></paid>'
    )
    assert parse_xml(body) == ("paid", {"bill": {"number": "7", "note": "two words"}})


def test_nil_is_none_even_where_text_stands() -> None:
    body = b'<a><b nil="true">3</b><c nil="nil"/><d nil="1"></d><e nil="false">5</e><f></f></a>'
    assert parse_xml(body)[1] == {"b": None, "c": None, "d": None, "e": "5", "f": ""}


def test_arrays_and_collections_are_lists_however_many_stand_in_them() -> None:
    body = b'<a><b type="array"/><c type="array"><d>1</d></c><e type="collection"><f>1</f><g>2</g></e></a>'
    assert parse_xml(body)[1] == {"b": [], "c": ["1"], "e": ["1", "2"]}


def test_a_repeated_tag_is_a_list() -> None:
    assert parse_xml(b"<a><b>1</b><b><c>2</c></b></a>")[1] == {"b": ["1", {"c": "2"}]}


@pytest.mark.parametrize("body", [b"<a/>", b"<a>text</a>", b'<a nil="true"/>', b'<a type="array"><b/></a>'])
def test_a_root_without_children_of_its_own_is_empty(body: bytes) -> None:
    assert parse_xml(body) == ("a", {})


def test_comments_and_instructions_count_for_nothing() -> None:
    body = b'<?xml version="1.0"?><?php echo 1?><!-- x --><a><?y z?><b>1<!-- , -->2</b></a><?w?>'
    assert parse_xml(body)[1] == {"b": "12"}


def test_marked_sections_are_text() -> None:
    assert parse_xml(b"<a><b><![CDATA[<c>&amp;]]></b></a>")[1] == {"b": "<c>&amp;"}


def test_the_five_entities_of_xml_itself_and_numbers_are_characters() -> None:
    assert parse_xml(b"<a><b>&lt;&amp;&gt;&quot;&apos;&#233;&#x1F600;</b></a>")[1] == {"b": "<&>\"'é😀"}


def test_nothing_is_included_from_elsewhere() -> None:
    body = b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname"/><b>1</b></a>'
    assert parse_xml(body)[1] == {"{http://www.w3.org/2001/XInclude}include": "", "b": "1"}


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("ISO-8859-1", "latin-1"),
        ("UTF-16", "utf-16"),
        ("UTF-8", "utf-16"),
        ("UTF-16BE", "utf-16-be"),
    ],
)
def test_encodings_that_bills_come_in_are_read(declared: str, codec: str) -> None:
    mark = "\ufeff" if codec == "utf-16-be" else ""
    body = f'{mark}<?xml version="1.0" encoding="{declared}"?><a><b>Zoë</b></a>'.encode(codec)
    assert parse_xml(body)[1] == {"b": "Zoë"}


@pytest.mark.parametrize(
    "declared",
    ["UTF-16", "utf-32", "utf-7", "unicode_escape", "idna", "hex", "rot13", "cp037", "undefined", "nonsense"],
)
def test_another_encoding_is_not_tried(declared: str) -> None:
    with pytest.raises(PayloadError, match=r"^The body is XML in another encoding than .*\.$"):
        parse_xml(f"<?xml version='1.0' encoding='{declared}'?><a><b>x</b></a>".encode())


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0" encoding="UTF-8"?><a>\xe9</a>',
        b'<?xml version="1.0" encoding="US-ASCII"?><a>\xe9</a>',
        b"\xff\xfe<\x00a",
        "<a/>".encode("utf-32"),
    ],
)
def test_bytes_that_are_not_what_they_say_are_an_error(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body is not plain XML: .*\.$"):
        parse_xml(body)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
        f'<!DOCTYPE a [<!ENTITY x "{"y" * 50_000}">]><a>{"&x;" * 10_000}</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://example.com/x.dtd"> %x;]><a/>',
        '<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>',
        "<!DOCTYPE a><a/>",
        "<a>&nbsp;</a>",
    ],
    ids=["laughs", "quadratic", "file", "parameter", "external", "doctype", "undeclared"],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(body: str, codec: str) -> None:
    with pytest.raises(PayloadError, match=r"^The body is not plain XML: .*\.$"):
        parse_xml(body.encode(codec))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"x",
        b"<",
        b"<a",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a b='1' b='2'/>",
        b"<a>\x00</a>",
        b"<a>&#xD800;</a>",
    ],
)
def test_what_is_malformed_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body is not plain XML: .*\.$"):
        parse_xml(body)


def test_deep_nesting_is_refused() -> None:
    allowed, more = 29, 30
    assert parse_xml(b"<a>" * allowed + b"<b/>" + b"</a>" * allowed)[0] == "a"
    with pytest.raises(PayloadError, match=r"^The body is XML nested more than 30 deep\.$"):
        parse_xml(b"<a>" * more + b"<b/>" + b"</a>" * more)
    with pytest.raises(PayloadError, match=r"^The body is XML nested more than 30 deep\.$"):
        parse_xml(b"<a>" * 20_000 + b"</a>" * 20_000)


@pytest.mark.parametrize("body", [b"<a>" * 200_000, b"<a>" + b"<b/>" * 200_000 + b"</a>"], ids=["open", "wide"])
def test_a_crowd_of_tags_is_refused_before_it_is_parsed(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^The body is XML with more than 40000 tags\.$"):
        parse_xml(body)


def test_huge_attributes_are_passed_over() -> None:
    assert parse_xml(b'<a x="' + b"y" * MEGABYTE + b'"><b>1</b></a>') == ("a", {"b": "1"})
    many = " ".join(f'x{number}=""' for number in range(50_000))
    assert parse_xml(f"<a {many}><b>1</b></a>".encode()) == ("a", {"b": "1"})


def test_a_huge_text_is_kept_for_the_readers_to_refuse() -> None:
    assert parse_xml(b"<a><b>" + b"y" * MEGABYTE + b"</b></a>") == ("a", {"b": "y" * MEGABYTE})


@given(st.binary(max_size=100) | st.text(st.sampled_from("<>/a&;#x!?[]-\"'= \ufeff"), max_size=60).map(str.encode))
def test_any_bytes_are_an_error_or_a_document(body: bytes) -> None:
    with suppress(PayloadError):
        tag, content = parse_xml(body)
        assert tag
        assert isinstance(content, dict)
