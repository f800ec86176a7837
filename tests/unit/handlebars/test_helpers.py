"""Each helper's edges that no documented case shows: one line, one template."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from celigo_pandas.errors import TemplateError
from celigo_pandas.handlebars import render
from celigo_pandas.handlebars.helpers import HELPERS

NOW = datetime(2024, 2, 29, 12, 30, 15, 678000, tzinfo=timezone.utc)
RECORD = {
    "n": -2.5,
    "t": "a-b-c",
    "list": [3, "10", 1, 1, "1", None],
    "objects": [{"p": {"q": 1}, "k": "x"}, {"k": "y"}, {"p": {"q": 3}, "k": "X"}],
    "empty": [],
    "o": {"b": 1, "2": 2, "1": None},
    "null": None,
    "zero": 0,
    "no": "",
    "yes": True,
    "emoji": "a😀b",
    "big": 1e21,
}

CASES = {
    # Math
    "{{abs t}}": "NaN",
    '{{abs ""}}': "NaN",
    "{{abs yes}}": "NaN",
    '{{abs "0x10"}}': "16",
    "{{ceil -2.8}}": "-2",
    "{{floor n}}": "-3",
    "{{round n}}": "-2",
    "{{round 2.5}}": "3",
    "{{round big}}": "1e+21",
    "{{add 0.1 0.2}}": "0.30000000000000004",
    '{{add 1 "2" 3}}': "6",
    '{{sum (arrayify 1) "4"}}': "5",
    "{{sum list}}": "NaN",
    "{{add}}": "NaN",
    "{{avg empty}}": "NaN",
    "{{divide 1 0}}": "Infinity",
    "{{divide -1 0}}": "-Infinity",
    "{{divide 0 0}}": "NaN",
    "{{modulo -7 3}}": "-1",
    "{{modulo 7 0}}": "NaN",
    "{{multiply 1e3 2}}": "NaN",
    '{{multiply "1e3" 2}}': "2000",
    "{{subtract 1}}": "NaN",
    "{{toFixed 1.005 2}}": "1.00",
    "{{toFixed n}}": "-3",
    "{{toFixed big 2}}": "1e+21",
    "{{toFixed t}}": "NaN",
    "{{toExponential 25 0}}": "3e+1",
    "{{toExponential 0}}": "0e+0",
    "{{toPrecision 1234567 6}}": "1.23457e+6",
    "{{toPrecision 0.0000001 2}}": "1.0e-7",
    "{{toPrecision 99.99 3}}": "100",
    "{{toPrecision 5}}{{toPrecision 0 3}}": "50.00",
    "{{toPrecision 12.345 4}}|{{toPrecision 0.00123 2}}|{{toPrecision 123 3}}": "12.35|0.0012|123",
    "{{bytes (multiply '1e300' '1e300')}}": "Infinity TB",
    '{{sort (arrayify (multiply "1e300" "1e300")) number="true"}}': "Infinity",
    '{{dateFormat "YYYY" "2020-01-01" "Y"}}': "2020",
    # Strings
    "{{uppercase null}}|{{uppercase n}}|{{uppercase list}}": "|-2.5|3,10,1,1,1,",
    '{{capitalize ""}}{{capitalizeAll "o\'neil mcCoy"}}': "O'neil McCoy",
    '{{camelcase "__foo bar9Baz"}}': "fooBar9Baz",
    '{{pascalcase "a"}}{{dashcase ""}}{{snakecase "HTMLParser2Go"}}': "Ahtmlparser2_go",
    '{{sentence "ONE. two? three"}}': "One. Two? Three",
    '{{trim "\t x \n"}}': "x",
    "{{padLeft t 3}}|{{padLeft t}}|{{padLeft t -1}}|{{padLeft t no}}": "a-b-c|a-b-c|a-b-c|a-b-c",
    '{{padRight "x" 3 ""}}|{{padLeft emoji 6 "-"}}': "x|--a😀b",
    '{{replace t "-" ""}}{{replace t "" "x"}}': "abca-b-c",
    '{{replacefirst t "z" "y"}}{{removefirst t "-"}}': "a-b-cab-c",
    '{{chop "_"}}|{{chop "(a b)"}}': "|a b",
    '{{{sanitize "a < b <i>c</i> <> &amp;"}}}': "a c <> &amp;",
    '{{split t "-" 9}}|{{split t "-" "1"}}|{{split t "-" -1}}|{{split t "" 2}}|{{split t}}': "|b||b|a-b-c",
    '{{join "+" list (arrayify 7)}}|{{join "+"}}': "3+10+1+1+1++7|",
    "{{reverse list}}": ",1,1,1,10,3",
    '{{occurrences "aaaa" "aa"}}{{occurrences t ""}}': "20",
    "{{substring t 3 1}}|{{substring t -2 2}}|{{substring t 3}}|{{substring emoji 0 1}}": "-b|a-|-c|a",
    '{{truncateWords "a b c" 2}}|{{truncateWords "a b" 5 "!"}}|{{truncateWords "a" 0 "!"}}|{{truncateWords "a" t}}': (
        "a b…|a b|!|"
    ),
    # Lists
    "{{after list 9}}|{{after t 1}}|{{before list 2}}|{{before list 0}}": "||3,10,1,1|3,10,1,1,1,",
    "{{first list 2}}|{{last list 3}}|{{last empty}}": "3,10|1,1,|",
    "{{#each (first objects 1)}}{{k}}{{/each}}{{#with (last objects)}}{{k}}{{/with}}": "xX",
    "{{sort list}}": ",1,1,1,10,3",
    '{{sort list number="true"}}': "1,1,1,3,10,",
    '{{sort list number="true" reverse=true}}': ",10,3,1,1,1",
    "{{unique list}}": "3,10,1,1,",
    '{{jsonSerialize (pluck objects "p.q")}}': "[1,null,3]",
    '{{#each (arrayify t)}}[{{this}}]{{/each}}{{#each (arrayify null)}}no{{else}}none{{/each}}': "[a-b-c]none",
    '{{getValue "objects[2].p.q"}}|{{getValue "zero" 5}}|{{getValue "null" 5}}|{{getValue "x"}}|{{getValue ""}}': (
        "3|0|5||"
    ),
    '{{getValue (join "." "o" "b")}}': "1",
    # Dates
    '{{dateFormat "YYYY" null}}|{{dateFormat "YYYY" ""}}|{{dateFormat "YYYY" "junk"}}': "||Invalid date",
    '{{dateFormat "MM/DD/YYYY HH:mm" "03/10/1990" "" "US/Central"}}': "03/09/1990 18:00",
    '{{dateFormat "HH:mm" "2020-07-09T12:00:00Z" "Europe/Berlin"}}': "14:00",
    '{{dateFormat "Z" "2020-07-09T12:00:00Z"}}': "+00:00",
    '{{dateFormat "YYYY-MM-DD" 1594328379156}}': "2020-07-09",
    '{{dateAdd "2025-01-01" ""}}|{{dateAdd null}}|{{dateAdd "x"}}|{{dateAdd "2025-01-01" "y"}}': (
        "2025-01-01T00:00:00.000Z||Invalid date|Invalid date"
    ),
    '{{timestamp}}|{{timestamp "YYYY [x]"}}|{{timestamp "HH:mm" "Asia/Kolkata"}}': (
        "2024-02-29T12:30:15.678Z|2024 x|18:00"
    ),
    # Encodings
    '{{base64Encode "é"}}|{{base64Encode "é" "latin1"}}|{{base64Encode "Az" "hex"}}|{{base64Encode "a" "utf16le"}}': (
        "w6k=|6Q==|417a|YQA="
    ),
    '{{base64Decode "w6k"}}|{{base64Decode "w6k=" "hex"}}|{{base64Decode "_-8"}}|{{base64Decode "!"}}': (
        "é|c3a9|\ufffd\ufffd|"
    ),
    '{{encodeURI "a+b/é😀~"}}|{{decodeURI "%C3%A9+"}}|{{decodeURI "%zz"}}|{{decodeURI "%ff"}}': (
        "a%2Bb%2F%C3%A9%F0%9F%98%80~|é+|%zz|%ff"
    ),
    '{{htmlDecode "&#39;&eacute;&lt;&unknown;"}}': "'é<&unknown;",
    "{{jsonEncode zero}}{{jsonEncode list}}{{jsonEncode null}}": "0[object Object]",
    "{{jsonSerialize o}}": '{"1":null,"2":2,"b":1}',
    "{{jsonStringify big}}{{jsonStringify null}}": "1e+21null",
    '{{#each (jsonParse "[1,{\\"a\\":2}]")}}{{this}}{{a}};{{/each}}': None,
    '{{stripProtocol "HTTP://a//b"}}|{{stripProtocol "//a"}}|{{stripProtocol "a/b"}}': "//a//b|//a|a/b",
    '{{stripQuerystring "a#b"}}|{{stripQuerystring "?a"}}': "a#b|",
    # Patterns
    '{{regexMatch t "z"}}|{{regexMatch t "[A-C]" "i"}}|{{regexMatch t "\\w" -1}}|{{regexMatch t "\\w" 9}}': "|a||",
    '{{regexReplace t "<$1>" "(\\w)"}}|{{regexReplace t "$$" "-" "g"}}': "<a>-b-c|a$b$c",
    '{{regexSearch emoji "b"}}|{{regexSearch t "^b" "m"}}': "3|-1",
    # Auth
    '{{hash "md5" "hex" ""}}': "d41d8cd98f00b204e9800998ecf8427e",
    '{{hash "SHA-1" "base64" "abc"}}': "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
    '{{hmac "md5" "k" "hex" "v"}}': "03b6c9582f223fddef02baad0cd5a270",
    # Logic
    '{{eq 1 "1"}}{{eq null 0}}{{eq null missing}}{{eq empty empty}}': "truefalsetruetrue",
    '{{isTruthy "false"}}{{isTruthy empty}}{{isFalsey zero}}{{isFalsy t}}': "truetruetruefalse",
    '{{hasOwn o "1"}}{{hasOwn o "length"}}{{hasOwn t "length"}}{{hasNoItems empty}}{{hasNoItems null}}': (
        "truefalsefalsetruefalse"
    ),
    "{{typeOf null}} {{typeOf x}} {{typeOf list}} {{typeOf yes}} {{typeOf t}} {{typeOf zero}}": (
        "object undefined array boolean string number"
    ),
    '{{#compare 2 "<" "10"}}Y{{else}}N{{/compare}}{{#compare "2" "<" "10"}}Y{{else}}N{{/compare}}': "YN",
    '{{#compare x "<=" 1}}Y{{else}}N{{/compare}}{{#compare null "==" x}}Y{{else}}N{{/compare}}': "NY",
    '{{#contains list 3}}Y{{/contains}}{{#contains list "3"}}Y{{else}}N{{/contains}}': "YN",
    "{{#contains x 1}}Y{{else}}N{{/contains}}": "N",
    "{{#inArray list 10}}Y{{else}}N{{/inArray}}{{#inArray objects 1}}Y{{else}}N{{/inArray}}": "NN",
    '{{#filter objects "x" "k"}}{{p.q}}{{/filter}}|{{#filter list 1}}{{this}}{{/filter}}': "1|11",
    "{{#filter t 1}}a{{else}}b{{/filter}}": "",
    '{{#filter objects 3 "p.q"}}{{k}}{{/filter}}{{#filter empty 1}}a{{else}}b{{/filter}}': "Xb",
    "{{#isEmpty t}}E{{else}}F{{/isEmpty}}{{#isEmpty list}}E{{else}}F{{/isEmpty}}": "EF",
    "{{#some list isBoolean}}Y{{else}}N{{/some}}{{#some list 'isString'}}Y{{else}}N{{/some}}": "NY",
    "{{#some t isFalsy}}Y{{else}}N{{/some}}": "N",
    '{{#startsWith "A" t}}Y{{else}}N{{/startsWith}}|{{#startsWith x t}}Y{{else}}N{{/startsWith}}|': "N||",
    "{{#ifEven zero}}E{{else}}O{{/ifEven}}{{#ifEven t}}E{{else}}O{{/ifEven}}": "EO",
    "{{#and yes t empty}}Y{{/and}}{{#or zero no}}Y{{else}}N{{/or}}{{#neither zero no}}Y{{/neither}}": "YNY",
    '{{and yes zero}}{{or yes zero}}{{not yes}}{{compare 1 "<" 2}}{{contains t "b"}}': "falsetruefalsetruetrue",
    "{{#eq zero 0}}Y{{else}}N{{/eq}}{{#isTruthy no}}Y{{else}}N{{/isTruthy}}": "YN",
    # Formats
    '{{addCommas "-1234567.8900"}}|{{addCommas t}}|{{addCommas null}}|{{addCommas 999}}|{{addCommas big}}': (
        "-1,234,567.8900|||999|1e+21"
    ),
    '{{bytes 1396}}|{{bytes 825399}}|{{bytes "é"}}|{{bytes 0}}|{{bytes 999999}}|{{bytes "2000" 1}}': (
        "1.4 kB|825.4 kB|2 B|0 B|1 MB|2 kB"
    ),
    "{{ordinalize 22}}{{ordinalize '113'}}{{ordinalize 1.5}}{{ordinalize t}}": "22nd113th1.5a-b-c",
    # Random
    '{{random "crypto" 4}}|{{random "uuid" 3}}|{{random "number" 2}}': "0000|000|00",
}  # fmt: skip


@pytest.mark.parametrize("template", [template for template, expected in CASES.items() if expected is not None])
def test_helper_renders(template):
    text = render(template, {**RECORD, "record": RECORD}, now=lambda: NOW, random=lambda limit: 0)

    assert text == CASES[template]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{{toFixed 1 101}}', "from 0 to 100"),
        ('{{toPrecision 1 0}}', "from 1 to 100"),
        ('{{random "words"}}', "crypto, uuid or number"),
        ('{{random "uuid" 99999}}', "at most 10000"),
        ('{{padLeft "x" 9999999}}', "at most 999999"),
        ('{{jsonParse "{"}}', "no JSON"),
        ('{{jsonParse "NaN"}}', "no JSON"),
        ('{{base64Decode "a" "rot13"}}', "no encoding is called 'rot13'"),
        ('{{hash "crc32" "hex" "a"}}', "md5, sha1"),
        ('{{hash "md5" "hex" "key" "a"}}', "use hmac"),
        ('{{hash "md5" "hexx" "a"}}', "hex or base64"),
        ('{{hmac "md5" "k" "hex" "a" "rot13"}}', "utf8 or base64"),
        ('{{compare 1 "~" 2}}', "Not a comparison"),
        ('{{some record isGreen}}', "isString"),
        ('{{regexMatch "a" "("}}', "not closed"),
        ('{{regexMatch "a" "a" 0 "z"}}', "Flags 'z'"),
        ('{{dateFormat "YYYY" "2020-01-01" "" "Mars/Base"}}', "Not a time zone"),
        ('{{lookup "nope" 1}}', "no lookup is called 'nope'"),
        ('{{lookup}}', "takes the name of a lookup"),
        ('{{nope 1}}', "no helper is called 'nope'"),
        ('{{#nope 1}}{{/nope}}', "no helper is called 'nope'"),
        ('{{if record}}', "#if is a block"),
        ('{{#if}}{{/if}}', "exactly one argument"),
        ('{{#each a b}}{{/each}}', "exactly one argument, not 2"),
        ('{{#if true as |x|}}{{x}}{{/if}}', "gives no block parameters"),
        ('{{aws4 "k" "s" "t" "r" "service"}}', "needs the request"),
    ],
)  # fmt: skip
def test_helper_refuses(template, message):
    with pytest.raises(TemplateError, match=message) as caught:
        render(template, {"record": {}})

    assert caught.value.template == template
    assert isinstance(caught.value.position, int)
    assert caught.value.hint


def test_hmac_error_shows_no_key():
    with pytest.raises(TemplateError) as caught:
        render('{{hmac "nope" record.key "hex" record.body}}', {"record": {"key": "s3cret-key", "body": "s3cret-body"}})

    assert "s3cret" not in f"{caught.value!r} {caught.value}"


def test_aws4_signs_the_request_of_the_published_example():
    """Source: AWS Signature Version 4 test suite, get-vanilla."""
    request = {"method": "GET", "URI": "https://example.amazonaws.com/", "headers": {"X-Amz-Date": "20150830T123600Z"}}
    context = {"hmacOptions": request, "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

    assert render('{{{aws4 "AKIDEXAMPLE" secret "" "us-east-1" "service"}}}', context) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


def test_helpers_are_all_that_the_reference_documents():
    documented = """
        abs add avg ceil divide floor modulo multiply random round subtract sum toExponential toFixed toPrecision
        camelcase capitalize capitalizeAll chop dashcase dotcase join lowercase occurrences padLeft padRight pascalcase
        pathcase removefirst replace replacefirst reverse sanitize sentence snakecase split substring trim trimLeft
        trimRight truncateWords uppercase after arrayify before first getValue last pluck sort unique dateAdd dateFormat
        timeStamp
        timestamp base64Decode base64Encode decodeURI encodeURI htmlDecode htmlEncode jsonEncode jsonParse jsonSerialize
        jsonStringify stripProtocol stripQuerystring regexMatch regexReplace regexSearch aws4 hash hmac eq hasNoItems
        hasOwn isFalsey isFalsy isTruthy typeOf addCommas bytes ordinalize and compare contains filter ifEven inArray
        isEmpty neither not or some startsWith
    """.split()

    assert sorted(HELPERS) == sorted(documented)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("9" * 5_000, "Infinity"),
        ("-" + "9" * 5_000, "-Infinity"),
        ("9" * 320, "Infinity"),
        ("9007199254740991", "9007199254740991"),
    ],
)
def test_json_parse_reads_numbers_of_any_length_as_javascript(text, shown):
    assert render("{{jsonParse t}}", {"t": text}) == shown
