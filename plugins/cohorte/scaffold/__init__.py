"""What `cohorte new` writes: files that work at once, from templates beside this module.

A template is a file of `string.Template` words: $name, $title, $class_name, $stream, $Stream. Templates for one kind of
source lie in the folder of that kind, those for all of them in `source/`; those of segments in `segment/`.
"""

import re
import subprocess
import sys
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent
KINDS = ("api", "rest", "files", "sql")
"""Of sources. `api`: a module of its own, for what no declaration can say. The others are declared."""
SEGMENT_KINDS = ("rule", "propensity")
WORD = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]")
NAMES_END = ')\n"""Each is a module of this package'


def new_source(name: str, stream: str, kind: str, root: Path) -> list[Path]:
    """Writes a source's files below `root`, and returns them. Raises ValueError, and writes nothing, when it cannot."""
    _check(name, "name of a source", "loyalty_app")
    _check(stream, "stream of a source", "loyalty_app")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    words = {
        "name": name,
        "stream": stream,
        "title": name.replace("_", " ").capitalize(),
        "class_name": name.title().replace("_", ""),
        "things": f"{stream.replace('_', ' ')}s",
    }
    files = _filled(("source", kind), words, root)
    if kind == "api":
        registry = root / "plugins" / "cohorte" / "sources" / "__init__.py"
        files[registry] = _registered(name, registry.read_text())
    _write(files)
    return list(files)


def new_segment(name: str, kind: str, root: Path) -> list[Path]:
    """Writes a segment's SELECT and its YAML below `root`, and returns them. Raises ValueError as `new_source` does."""
    _check(name, "name of a segment", "young_shoppers")
    if kind not in SEGMENT_KINDS:
        raise ValueError(f"kind is one of {', '.join(SEGMENT_KINDS)}, not {kind!r}")
    files = _filled((f"segment/{kind}",), {"name": name, "title": name.replace("_", " ").capitalize()}, root)
    _write(files)
    return list(files)


def _check(word: str, what: str, example: str) -> None:
    if not WORD.fullmatch(word) or "__" in word:
        raise ValueError(f"the {what} is in snake_case, like {example}, not {word!r}")


def _filled(folders: tuple[str, ...], words: dict[str, str], root: Path) -> dict[Path, str]:
    """The templates of these folders, filled in, by where they go. Raises ValueError when one is there already."""
    files = {}
    for folder in folders:
        for template in sorted((TEMPLATES / folder).rglob("*.tmpl")):
            where = template.relative_to(TEMPLATES / folder).as_posix().removesuffix(".tmpl")
            where = where.replace("NAME", words["name"]).replace("STREAM", words.get("stream", ""))
            files[root / where] = Template(template.read_text()).substitute(words)
    if there := [path for path in files if path.exists()]:
        raise ValueError(f"{there[0].relative_to(root)} is there already. Choose another name, or delete it first.")
    return files


def _write(files: dict[Path, str]) -> None:
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    _format([path for path in files if path.suffix == ".py"])


def _format(paths: list[Path]) -> None:
    """Lines as long as the names are; where ruff is not installed they stay so."""
    ruff = Path(sys.executable).with_name("ruff")
    if paths and ruff.exists():
        subprocess.run([ruff, "format", "--quiet", *paths], check=True)  # noqa: S603


def _registered(name: str, registry: str) -> str:
    """The registry of sources with one name more."""
    if NAMES_END not in registry:
        raise ValueError("plugins/cohorte/sources/__init__.py does not look as expected: add the name to NAMES by hand")
    return registry.replace(NAMES_END, f'    "{name}",\n{NAMES_END}', 1)
