"""The docs site: `sphinx-build -W --keep-going -n docs docs/_build/html`. It needs no network.

The command line reference is written from the commands themselves, and the notebook is run, whenever the site is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx

import blurbench
from benchmarks.gpu.command import app as gpu
from benchmarks.timing.command import app as timing
from blurbench.cli.app import app as commands

project = "blurbench"
project_copyright = "The blurbench developers"
version = release = blurbench.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"blurbench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False  # `--option` is no dash
copybutton_exclude = ".linenos, .gp, .go"

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

default_role = "literal"  # docstrings write names between single backticks
python_maximum_signature_line_length = 100
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
add_module_names = False

OTHERS = r"(abc|collections|np|numpy|nn|pandas|pathlib|pd|torch|typing)\..*|Mapping\[str|NDArray|Path"
INNER = "Board Chart Exported Images Outcomes Padding Psf Registry Report Rerun Row Session Side Standings Subject"
nitpick_ignore_regex = [("py:.*", rf"{OTHERS}|(.*\.)?({INNER.replace(' ', '|')})")]
"""Classes of other libraries, and those of ours that a user never makes by name."""


# --- the command line reference ------------------------------------------------------------------------------------


def reference(app: Sphinx, page: str, source: list[str]) -> None:
    """Append the commands to the page that introduces them."""
    if page == "commands":
        root = typer.main.get_command(commands)
        root.commands |= {name: typer.main.get_command(one) for name, one in (("time", timing), ("gpu", gpu))}
        source[0] += "\n".join(described(root, "blurbench"))


def described(command: Any, name: str) -> Iterator[str]:
    """A command and those under it, in Markdown."""
    context = command.make_context(name, [], resilient_parsing=True)
    under = getattr(command, "commands", {})
    if name.count(" "):
        yield f"\n{'#' * (1 + name.count(' '))} {name}\n"
    if not under:
        yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    yield f"{command.help}\n" if name.count(" ") else ""
    yield from () if under else parameters(command, context)
    for word, one in under.items():
        yield from described(one, f"{name} {word}")


def parameters(command: Any, context: Any) -> Iterator[str]:
    """Arguments and options as a definition list."""
    for parameter in command.get_params(context):
        names, text = parameter.get_help_record(context)
        yield f"`{names}`\n: {text}\n"


# --- the API reference ---------------------------------------------------------------------------------------------

PLAIN: dict[str, list[str]] = {}


def keep(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Before napoleon, which takes what stands before a colon in an attribute's docstring for its type."""
    if what in ("attribute", "property", "data"):
        PLAIN[name] = list(lines)


def put_back(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = PLAIN.pop(name, lines)


def without_limits(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """Units and ranges of parameters would bury their types."""
    return re.sub(r"Annotated\[([^,\]]+), [^\]]*\]", r"\1", signature or "") or None, result


def link(app: Sphinx, env: Any, node: Any, shown: nodes.Element) -> nodes.Element | None:
    """Annotations call a class by its last name, or by the module that defines it: link it where it is documented."""
    if node["refdomain"] != "py":
        return None
    domain, name = env.get_domain("py"), node["reftarget"].rpartition(".")[2]
    places = [place for place in domain.objects if place.rpartition(".")[2] == name and name[:1].isupper()]
    if len(places) != 1:
        return None
    found: nodes.Element = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", places[0], node, shown)
    return found


def setup(app: Sphinx) -> None:
    app.connect("source-read", reference)
    app.connect("autodoc-process-docstring", keep, priority=400)
    app.connect("autodoc-process-docstring", put_back, priority=600)
    app.connect("autodoc-process-signature", without_limits)
    app.connect("missing-reference", link)
