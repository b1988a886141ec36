"""Checks that say what is wrong, and which known mistake it looks like."""

from dropout_lab.checks.reports import CheckFailed
from dropout_lab.checks.session import check, hint

__all__ = ["CheckFailed", "check", "hint"]
