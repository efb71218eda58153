-- Acts since the published file was built that may make rows vanish: a person accepted a loss or parsed a load again,
-- or the gate rejected an accepted load because its moment is in the future.
select count(*) as reasons
from (
    select run_id
    from marts.ops_gate_results
    where
        (gate = 'person' and expectation in ('loss_accepted', 'parsed_again'))
        or (gate = 'batch' and expectation = 'taken_back')
    except
    select run_id
    from published.marts.ops_gate_results
) as acts
