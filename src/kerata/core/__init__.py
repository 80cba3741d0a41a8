"""What every layer stands on: variables, the symbolic graph, `@op`, dtypes, the registry, seeds, settings."""
