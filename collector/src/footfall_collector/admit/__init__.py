"""The catalogue once more, at the collector's door: what is not in it never reaches the disk, a log or an answer."""

from .admission import Admission, Admitted
from .catalogues import load_catalogues
from .client_batch import ClientBatch
from .instance_hash import MAX_ID, instance_of
from .new_instances import TOO_MANY_INSTANCES, NewInstances
from .pepper import FILE, fingerprint, load_pepper
from .times import epoch_of

__all__ = [
    "FILE",
    "MAX_ID",
    "TOO_MANY_INSTANCES",
    "Admission",
    "Admitted",
    "ClientBatch",
    "NewInstances",
    "epoch_of",
    "fingerprint",
    "instance_of",
    "load_catalogues",
    "load_pepper",
]
