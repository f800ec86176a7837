from __future__ import annotations

import pytest

from celigo_pandas.errors import ConfigError, DocumentError
from celigo_pandas.magics import load, parse_body, parse_line


def test_parse_line_reads_name_connection_and_limits():
    options = parse_line('flights --connection "NYC flights" --max-rows 10')

    assert (options.name, options.connection, options.max_rows) == ("flights", "NYC flights", 10)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("flights", "--connection"),
        ("2flights -c x", "'2flights' cannot be the name of a variable"),
        ("-c x --rows 5", "--rows"),
        ('-c "x', "No closing quotation"),
        ("-c x --max-rows many", "many"),
    ],
)
def test_parse_line_bad_line_raises_config_error(line, said):
    with pytest.raises(ConfigError) as caught:
        parse_line(line)

    assert said in str(caught.value)


def test_parse_body_reads_json_and_yaml():
    assert parse_body('{"rdbms": {"query": "select 1"}}') == {"rdbms": {"query": "select 1"}}
    assert parse_body("rdbms:\n  query: select 1\n") == {"rdbms": {"query": "select 1"}}


@pytest.mark.parametrize("body", ['{"rdbms": ', "- 1\n- 2\n", "a: [1", "just text"])
def test_parse_body_no_document_raises_document_error(body):
    with pytest.raises(DocumentError):
        parse_body(body)


def test_query_without_its_option_is_told_of_it():
    with pytest.raises(DocumentError, match="--sql"):
        parse_body("select * from orders")


def test_help_of_the_magic_has_every_option_and_an_example():
    shell = Shell()
    load(shell)
    text = shell.magics["cell", "celigo_export"].__doc__

    assert text.startswith("usage: %%celigo_export [NAME] --connection CONNECTION [options]\n")
    assert '    %%celigo_export flights -c "NYC flights" --sql --max-rows 1000\n    select' in text
    assert all(f"  {option}" in text for option in ("--sql", "--max-rows N", "--page-size N", "--consume", "--client"))


class Shell:
    """As much of IPython's shell as the magic uses."""

    def __init__(self):
        self.user_ns = {}
        self.magics = {}

    def register_magic_function(self, function, magic_kind, magic_name):
        self.magics[magic_kind, magic_name] = function

    def push(self, names):
        self.user_ns.update(names)


def test_magic_without_a_client_says_how_to_get_one():
    shell = Shell()
    load(shell)

    with pytest.raises(ConfigError, match=r"found 0 clients.*celigo\.connect"):
        shell.magics["cell", "celigo_export"]("-c x", "{}")
