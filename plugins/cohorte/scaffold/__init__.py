"""What `cohorte new` writes: files that work at once, from templates beside this module.

A template is a file of `string.Template` words: $name, $title, $class_name, $stream, $Stream. Templates for one kind of
source lie in the folder of that kind, those for all of them in `source/`.
"""

import re
import subprocess
import sys
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent
KINDS = ("api", "rest", "files", "sql")
"""`api`: a module of its own, for what no declaration can say. The others are declared."""
WORD = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]")
NAMES_END = ')\n"""Each is a module of this package'


def new_source(name: str, stream: str, kind: str, root: Path) -> list[Path]:
    """Writes a source's files below `root`, and returns them. Raises ValueError, and writes nothing, when it cannot."""
    for word, what in ((name, "name"), (stream, "stream")):
        if not WORD.fullmatch(word) or "__" in word:
            raise ValueError(f"the {what} of a source is in snake_case, like loyalty_app, not {word!r}")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    words = {
        "name": name,
        "stream": stream,
        "title": name.replace("_", " ").capitalize(),
        "class_name": name.title().replace("_", ""),
        "things": f"{stream.replace('_', ' ')}s",
    }
    files: dict[Path, str] = {}
    for folder in ("source", kind):
        for template in sorted((TEMPLATES / folder).rglob("*.tmpl")):
            where = template.relative_to(TEMPLATES / folder).as_posix().removesuffix(".tmpl")
            where = where.replace("NAME", name).replace("STREAM", stream)
            files[root / where] = Template(template.read_text()).substitute(words)
    if there := [path for path in files if path.exists()]:
        raise ValueError(f"{there[0].relative_to(root)} is there already. Choose another name, or delete it first.")
    if kind == "api":
        registry = root / "plugins" / "cohorte" / "sources" / "__init__.py"
        files[registry] = _registered(name, registry.read_text())
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    _format([path for path in files if path.suffix == ".py"])
    return list(files)


def _format(paths: list[Path]) -> None:
    """Lines as long as the names are; where ruff is not installed they stay so."""
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        subprocess.run([ruff, "format", "--quiet", *paths], check=True)  # noqa: S603


def _registered(name: str, registry: str) -> str:
    """The registry of sources with one name more."""
    if NAMES_END not in registry:
        raise ValueError("plugins/cohorte/sources/__init__.py does not look as expected: add the name to NAMES by hand")
    return registry.replace(NAMES_END, f'    "{name}",\n{NAMES_END}', 1)
