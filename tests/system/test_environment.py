"""environment.yml and pyproject.toml ask for the same things; imports stay light."""

import subprocess
import sys
import tomllib

import yaml

from conftest import ROOT

CONDA_NAMES = {"matplotlib-base": "matplotlib"}  # without conda's Qt


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_conda_users_get_the_same_packages():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    packages = [item for item in listed if isinstance(item, str) and item != "pip"]
    conda = {CONDA_NAMES.get(p.split(">=")[0], p.split(">=")[0]): p.split(">=")[1] for p in packages}
    asked = [*project()["dependencies"], *project()["optional-dependencies"]["test"]]
    wanted = {p.split(">=")[0]: p.split(">=")[1] for p in asked}
    assert conda == {"python": project()["requires-python"].removeprefix(">="), **wanted}
    assert {"pip": ["-e ."]} in listed


def test_importing_the_checks_pulls_in_no_heavy_library():
    heavy = ("matplotlib", "sklearn", "scipy", "IPython", "jupyter_client", "nbformat", "tqdm", "typer", "ipywidgets")
    code = (
        "import sys, dropout_lab, dropout_lab.checks, dropout_lab.network, dropout_lab.noise;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
