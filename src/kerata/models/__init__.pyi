"""Models."""

from kerata.models.cloning import clone_model as clone_model
from kerata.models.files import load_model as load_model, save_model as save_model
from kerata.models.model import Model as Model, model_from_json as model_from_json
from kerata.models.sequential import Sequential as Sequential
