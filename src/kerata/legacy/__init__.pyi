"""Names that Keras keeps for old programs."""

from kerata.legacy import saving as saving
