"""While a request runs: context, references to records, gates, the core's roots."""
