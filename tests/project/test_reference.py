"""The generated parts of the pages are up to date and complete."""

from digits.settings import params
from docs.tools import reference
from tests.helpers import tiny


def test_each_generated_part_is_on_a_page_and_up_to_date() -> None:
    written = []
    for path in tiny.ROOT.glob("docs/**/*.md"):
        text = path.read_text(encoding="utf-8")
        assert text == reference.update(text), f"run `make reference`, which changes {path}"
        written += [name for _, name, _, _ in reference.PART.findall(text)]
    assert sorted(written) == sorted(reference.PARTS)


def test_the_keys_of_all_entries_are_described() -> None:
    entries = {
        schema
        for schema in params.Entry.__subclasses__()
        if schema.__module__ == params.__name__
        and len(schema.model_fields) > 1  # the others are forms of a value
    }
    assert entries | {params.Hyperparameters} == set(reference.CLASSES.values())
