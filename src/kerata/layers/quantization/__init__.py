"""How a weight is kept in few bits, or adapted by a product of low rank, and read as if it were floats."""
