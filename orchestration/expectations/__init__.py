"""The two gates: declared suites (``suites``) and the judge that runs them in Great Expectations (``judge``)."""
