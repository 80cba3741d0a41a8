"""First values of weights, drawn on the host so that a seed gives the same ones on every engine."""

from kerata.initializers.constants import (
    STFT as STFT,
    Constant as Constant,
    Identity as Identity,
    Ones as Ones,
    Zeros as Zeros,
)
from kerata.initializers.initializer import Initializer as Initializer, RandomInitializer as RandomInitializer
from kerata.initializers.lookup import deserialize as deserialize, get as get, serialize as serialize
from kerata.initializers.random import (
    GlorotNormal as GlorotNormal,
    GlorotUniform as GlorotUniform,
    HeNormal as HeNormal,
    HeUniform as HeUniform,
    LecunNormal as LecunNormal,
    LecunUniform as LecunUniform,
    Orthogonal as Orthogonal,
    RandomNormal as RandomNormal,
    RandomUniform as RandomUniform,
    TruncatedNormal as TruncatedNormal,
    VarianceScaling as VarianceScaling,
    compute_fans as compute_fans,
)

IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal
STFTInitializer = STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
