select
    run_id,
    gate,
    checked_at,
    load_id,
    expectation,
    severity,
    passed as is_passed,
    observed as observed_value,
    unexpected as unexpected_count,
    sample as sample_values,
    reason,
    remedy,
    data_docs as data_docs_page
from {{ source('raw', 'gate_results') }}
