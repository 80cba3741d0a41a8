"""First values of weights, drawn on the host so that a seed gives the same ones on every engine."""

from kerata.initializers.constants import (
    STFT as STFT,
    STFT as STFTInitializer,
    STFT as stft,
    Constant as Constant,
    Constant as constant,
    Identity as Identity,
    Identity as IdentityInitializer,
    Identity as identity,
    Ones as Ones,
    Ones as ones,
    Zeros as Zeros,
    Zeros as zeros,
)
from kerata.initializers.initializer import Initializer as Initializer, RandomInitializer as RandomInitializer
from kerata.initializers.lookup import deserialize as deserialize, get as get, serialize as serialize
from kerata.initializers.random import (
    GlorotNormal as GlorotNormal,
    GlorotNormal as glorot_normal,
    GlorotUniform as GlorotUniform,
    GlorotUniform as glorot_uniform,
    HeNormal as HeNormal,
    HeNormal as he_normal,
    HeUniform as HeUniform,
    HeUniform as he_uniform,
    LecunNormal as LecunNormal,
    LecunNormal as lecun_normal,
    LecunUniform as LecunUniform,
    LecunUniform as lecun_uniform,
    Orthogonal as Orthogonal,
    Orthogonal as OrthogonalInitializer,
    Orthogonal as orthogonal,
    RandomNormal as RandomNormal,
    RandomNormal as random_normal,
    RandomUniform as RandomUniform,
    RandomUniform as random_uniform,
    TruncatedNormal as TruncatedNormal,
    TruncatedNormal as truncated_normal,
    VarianceScaling as VarianceScaling,
    VarianceScaling as variance_scaling,
    compute_fans as compute_fans,
)
