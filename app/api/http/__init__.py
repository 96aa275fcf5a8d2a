"""HTTP for all routes: parameters, paging, links, conditional requests, problems."""
