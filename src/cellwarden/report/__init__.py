"""The report of an analysis: one HTML page, and a summary for the terminal. Made from results only."""

from cellwarden.report.page import render_report, write_report
from cellwarden.report.summary_words import headline
from cellwarden.report.terminal import terminal_summary

__all__ = ["headline", "render_report", "terminal_summary", "write_report"]
