"""Where lessons open at services, worked out from one address: that of the repository, [project.urls] Source.

A workflow of GitHub knows the repository that it runs for. Where neither says, there are no links.
"""

import os
import tomllib

LESSON = "lessons/00_start_here.ipynb"
SERVICES = {
    "Colab": "https://colab.research.google.com/github/{slug}/blob/main/{lesson}",
    "Binder": "https://mybinder.org/v2/gh/{slug}/main?urlpath=lab/tree/{lesson}",
    "Codespaces": "https://codespaces.new/{slug}",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{slug}/blob/main/{lesson}",
}
_GITHUB = "https://github.com/"


def slug(root):
    """OWNER/NAME of the repository, or "" where nothing says."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    source = project.get("urls", {}).get("Source", "")
    named = source.removeprefix(_GITHUB).removesuffix(".git").strip("/") if source.startswith(_GITHUB) else ""
    return named or os.environ.get("GITHUB_REPOSITORY", "")


def services(root):
    """{service: the address that opens lesson 00 there}."""
    named = slug(root)
    return {name: address.format(slug=named, lesson=LESSON) for name, address in SERVICES.items()} if named else {}
