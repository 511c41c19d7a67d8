"""From a request to stored records: what is missing is fitted and measured by worker processes."""
