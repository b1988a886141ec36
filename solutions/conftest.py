"""nbval compares what checked cells print. The pictures beside it differ from machine to machine and are left out."""

from pathlib import Path


def pytest_collect_file(file_path, parent):
    parent.config.option.nbval_sanitize_with = str(Path(__file__).with_name("unlike.cfg"))
