"""The engines that compute no values: shapes and dtypes, and what happens to rows."""
