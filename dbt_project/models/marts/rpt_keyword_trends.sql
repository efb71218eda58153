{{ entity_weeks_by_difference('int_paper_keywords', 'keyword') }}
