"""Author resolution: which mentions are one author. Imports no orchestrator and no dbt.

``names``, ``order``, ``text`` and ``statistics`` parse and count; ``name_relations``, ``candidate_pairs``,
``evidence``, ``clustering`` and ``explain`` are the steps of ``resolver``. ``incremental`` resolves the affected
mentions of the warehouse; ``evaluation`` measures the same code on labelled sets.
"""
