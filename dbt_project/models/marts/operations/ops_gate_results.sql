select
    run_id,
    gate,
    checked_at,
    load_id,
    expectation,
    severity,
    is_passed,
    observed_value,
    unexpected_count,
    sample_values,
    reason,
    remedy,
    data_docs_page
from {{ ref('stg_raw__gate_results') }}
