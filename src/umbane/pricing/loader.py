"""Tariff files: the one place where pricing reads from disk.

A file becomes text, text becomes plain values with their lines (`yaml_source`), values become a document (`document`),
and a document in which everything holds (`checks`) becomes a tariff (`compiler`). What is wrong on the way is collected
and told together, by file, line and field.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from itertools import islice
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from umbane.pricing.checks import compiled_problems, document_problems
from umbane.pricing.compiler import compile_tariff
from umbane.pricing.document import TariffDocument
from umbane.pricing.errors import Problem, TariffFileError
from umbane.pricing.tariff import Tariff, TariffBook
from umbane.pricing.yaml_source import LARGEST_FILE, Path, Source, SourceError, dotted, read

__all__ = ["load_book", "load_document", "load_tariff", "load_tariff_text"]

Document = TypeVar("Document", bound=BaseModel)

MOST_PROBLEMS: Final = 50
"""Told at once; mend these first."""
MOST_FOUND: Final = 1000
"""Looked at: a hostile file could have many more."""


def load_tariff(path: str | PathLike[str]) -> Tariff:
    """Read one tariff file.

    Raises:
        TariffFileError: it can't be read, or isn't a tariff; everything that is wrong is in it.
    """
    return load_tariff_text(_text(FilePath(path)), str(path))


def load_book(paths: Iterable[str | PathLike[str]]) -> TariffBook:
    """Read the versions of one tariff.

    Raises:
        TariffFileError: a file is wrong.
        PricingError: the files are not versions of one tariff, or overlap.
    """
    return TariffBook.of(map(load_tariff, paths))


def load_tariff_text(text: str, file: str = "the text") -> Tariff:
    """Read a tariff from the text of its file; `file` is the name that errors give it.

    Raises:
        TariffFileError: it isn't a tariff; everything that is wrong is in it.
    """
    return _tariff(_source(text, file), file)


def load_document(
    model: type[Document], text: str, file: str, problems: Callable[[Document], Iterable[tuple[Path, str, str]]]
) -> Document:
    """Read a document of another kind in the same way, such as what vendors earn.

    Args:
        model: its sections and fields.
        text: as it was written.
        file: the name that errors give it.
        problems: what doesn't hold between its fields: where, what, and what would be right.

    Raises:
        TariffFileError: it isn't such a document; everything that is wrong is in it.
    """
    source = _source(text, file)
    document = _document(model, source, file)
    _refuse(source, file, problems(document))
    return document


def _source(text: str, file: str) -> Source:
    if len(text) > LARGEST_FILE:
        raise _file_error(file, "too large", f"at most {LARGEST_FILE} characters")
    try:
        return read(text)
    except SourceError as error:
        raise TariffFileError((error.problem._replace(file=file),)) from error


def _text(path: FilePath) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise _file_error(str(path), f"can't be read: {getattr(error, 'strerror', error)}", "a tariff file") from error
    if len(data) > LARGEST_FILE:
        raise _file_error(str(path), "too large", f"at most {LARGEST_FILE} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, "the file", "not UTF-8 text", "save it as UTF-8")
        raise TariffFileError((problem,)) from error


def _file_error(file: str, problem: str, remedy: str) -> TariffFileError:
    return TariffFileError((Problem(file, 0, "the file", problem, remedy),))


def _document(model: type[Document], source: Source, file: str) -> Document:
    try:
        return model.model_validate(source.tree)
    except ValidationError as error:
        found = (_told(model, it) for it in error.errors(include_url=False, include_input=False))
        raise TariffFileError(_problems(source, file, found)) from error


def _tariff(source: Source, file: str) -> Tariff:
    document = _document(TariffDocument, source, file)
    _refuse(source, file, document_problems(document))
    tariff = compile_tariff(document)
    _refuse(source, file, compiled_problems(tariff))
    return tariff


def _refuse(source: Source, file: str, found: Iterable[tuple[Path, str, str]]) -> None:
    """Raise all problems, if there are any."""
    problems = _problems(source, file, found)
    if problems:
        raise TariffFileError(problems)


def _problems(source: Source, file: str, found: Iterable[tuple[Path, str, str]]) -> tuple[Problem, ...]:
    """All that was found, with the keys given twice, in the order of the lines."""
    problems = {
        *(problem._replace(file=file) for problem in source.repeated),
        *(
            Problem(file, source.line(path), dotted(path), problem, remedy)
            for path, problem, remedy in islice(found, MOST_FOUND)
        ),
    }
    return tuple(sorted(problems, key=lambda it: (it.line, it.field, it.problem))[:MOST_PROBLEMS])


# -------------------------------------------------------------------------------- the words of the model's own errors


def _told(model: type[BaseModel], error: ErrorDetails) -> tuple[Path, str, str]:
    path = tuple(part for part in error["loc"] if part != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "umbane":
        return path, context["problem"], context["remedy"]
    if kind == "literal_error":
        return path, "is none of the words allowed here", f"one of {context['expected']}"
    if kind == "missing":
        return path, "is missing", "add it"
    if kind == "extra_forbidden":
        return path, "is not a field", _suggestion(model, path)
    return path, *WRONG_KIND.get(kind, (error["msg"], "another value"))


WRONG_KIND: Final = {
    "model_type": ("isn't a mapping", "fields, each as `name: value`"),
    "dict_type": ("isn't a mapping", "entries, each as `name: value`"),
    "list_type": ("isn't a list", "a list: [one, two], or lines that begin with -"),
}
"""What it says when a value is of another kind than the field."""


def _suggestion(model: type[BaseModel], path: Path) -> str:
    """The field that was probably meant, or all there are."""
    fields = list(_model_at(model, path[:-1]).model_fields)
    near = get_close_matches(str(path[-1]), fields, n=1)
    return f"did you mean {near[0]}?" if near else f"the fields here are {', '.join(fields)}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model of the section at this path."""
    for part in path:
        if isinstance(part, str):
            [model] = _models(model.model_fields[part].annotation)
    return model


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type, whatever it is
    """The one model that an annotation such as `list[Block] | None` speaks of, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
