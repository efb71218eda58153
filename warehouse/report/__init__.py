"""The report: a static site written from the published file only, for people who don't write SQL.

Here: what each page shows and how it is written. Not here: any measure of its own. Every number is a column of a public
table, or a sum, median or share of one, and the contract of the models holds every formula.
"""

from warehouse.report.site import Report, write_report

__all__ = ["Report", "write_report"]
