"""What the pages say works: the worked examples run, and the commands that they show exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ganprobe.cli.main import app

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Every line of an indented or fenced block that starts with `ganprobe`, continued lines joined."""
    text = page.read_text().replace("\\\n", " ")
    fenced = "\n".join(re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))
    indented = "\n".join(re.findall(r"^    (.*)$", text, flags=re.MULTILINE))
    return re.findall(r"^(?:\$ )?(ganprobe [a-z]+.*)$", f"{fenced}\n{indented}", flags=re.MULTILINE)


def files(page: Path) -> dict[str, str]:
    """The modules that a page adds to the project, by their paths: fenced blocks of Python that are headed by one."""
    found = re.findall(r"^```python (ganprobe/\S+\.py)\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return dict(found)


def added(modules: dict[str, str], site: Path) -> str:
    """Writes the modules below `site`, and gives the lines that let the packages of the project find them there."""
    lines = ["import importlib"]
    for path, source in modules.items():
        assert not (ROOT / path).exists()
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(source)
        ours = [folder for folder in reversed(Path(path).parents) if (ROOT / folder / "__init__.py").is_file()]
        lines += [f"importlib.import_module({'.'.join(to.parts)!r}).__path__.append({str(site / to)!r})" for to in ours]
    return "\n".join(dict.fromkeys(lines)) + "\n"


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.stem)
def test_the_worked_example_runs(page: Path, tmp_path: Path) -> None:
    code = "\n".join(blocks(page, "python"))
    assert "assert" in code
    script = tmp_path / "example.py"
    script.write_text(added(files(page), tmp_path / "site") + code)
    done = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_shown_exist(page: Path) -> None:
    root = typer.main.get_command(app)
    for line in commands(page):
        name, *words = shlex.split(line, comments=True)[1:]
        command = root.commands.get(name)  # type: ignore[attr-defined]
        assert command is not None, line
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - known
        assert not unknown, f"{line}: {sorted(unknown)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    for target in targets:
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page}: {target}"
