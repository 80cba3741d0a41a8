"""The JAX engine, kerata's default."""
