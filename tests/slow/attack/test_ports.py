"""Web pages of other sites against the ports of `papers ui` and `papers docs`."""

from test_loopback import (  # noqa: F401
    folder,
    port,
    test_a_folder_is_served_to_its_own_pages_only,
    test_a_folder_is_served_without_lists_and_links,
    test_the_middleware_answers_403_and_closes_websockets_before_they_open,
    test_the_web_server_shows_the_data_docs_without_lists_links_and_scripts,
    test_what_comes_from_elsewhere_is_refused,
)
from test_ui import (  # noqa: F401
    test_it_listens_on_this_machine_only,
    test_pages_of_other_sites_are_refused_on_both_ports,
    ui,
)
