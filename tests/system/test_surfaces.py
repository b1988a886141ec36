"""Files for other machines: they can be read, name files that are there, and pin what they run."""

import json
import re

import pytest
import yaml

from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path):
    uses = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    assert uses
    for action, rest in uses:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r"  # v\d+\.\d+\.\d+", rest), action


@pytest.mark.parametrize("path", [*WORKFLOWS, *sorted((ROOT / ".github").rglob("*.yml"))], ids=lambda path: path.name)
def test_every_settings_file_is_yaml(path):
    assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict)


def test_test_files_that_a_workflow_names_are_there():
    named = {name for path in WORKFLOWS for name in re.findall(r"tests/\S+\.py", path.read_text("utf-8"))}
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_a_codespace_opens_files_that_are_there_and_editors_agree_on_extensions():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert all((ROOT / name).is_file() for name in container["customizations"]["codespaces"]["openFiles"])
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text("utf-8"))["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended


def test_the_image_is_built_from_what_it_is_given():
    """The wheel's hook needs the sources' manifest; the image leaves out only what no install reads."""
    left_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert not {"solutions", "lessons", "dropout_lab", "hatch_build.py", "README.md", "LICENSE"} & set(left_out)
