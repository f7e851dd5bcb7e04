"""The project keeps its own measure: files, functions, README, generated pages."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_BODY_LINES = 50
MAX_README_LINES = 150
SOURCES = sorted(
    path
    for folder in ("dsp", "drivers", "service", "bench")
    for path in (ROOT / folder).rglob("*.py")
)


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): n
        for path in SOURCES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_function_bodies_are_short() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                n = body_lines(node)
                if n > MAX_BODY_LINES:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = n
    assert long == {}


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MAX_README_LINES


@pytest.mark.parametrize(
    ("page", "module"),
    [("api.md", "service.api.reference"), ("config.md", "service.config.reference")],
)
def test_generated_pages_are_up_to_date(page: str, module: str) -> None:
    render = __import__(module, fromlist=["render"]).render
    shown = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    assert shown == render(), "run: make docs"


def test_links_between_pages_lead_somewhere() -> None:
    dead = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for part in page.read_text(encoding="utf-8").split("](")[1:]:
            target = part.split(")")[0].split("#")[0]
            if target and "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(ROOT)} -> {target}")
    assert dead == []


def test_no_address_of_a_package_registry_is_in_the_project() -> None:
    # Backwards, so that this list is not what it looks for.
    hosts = [name[::-1] for name in ("gro.ipyp", "gro.detsohnohtyp", "gro.sjmpn")]
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found = [
        name
        for name in files
        if (path := ROOT / name).is_file()
        and any(host.encode() in path.read_bytes() for host in hosts)
    ]
    assert found == []


def test_the_page_has_every_element_that_its_scripts_ask_for() -> None:
    static = ROOT / "service/api/static"
    scripts = "".join(p.read_text(encoding="utf-8") for p in static.glob("*.js"))
    page = (static / "live.html").read_text(encoding="utf-8")
    lists = re.findall(r"for \(const id of \[([^\]]+)\]\) byId\(id\)", scripts)
    asked = set(re.findall(r'byId\("([\w-]+)"\)', scripts))
    asked |= {name for part in lists for name in re.findall(r'"([\w-]+)"', part)}
    missing = {name for name in asked if f'id="{name}"' not in page}
    assert missing == set()
