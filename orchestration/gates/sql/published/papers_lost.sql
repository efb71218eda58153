-- Published papers that are not in the new file. A paper that is known by its title alone may get its id instead.
select paper_id
from published.marts.dim_papers
where paper_id not like 'title:%'
except
select paper_id
from marts.dim_papers
