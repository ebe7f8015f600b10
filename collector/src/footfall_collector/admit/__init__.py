"""Admission: every event is checked against the catalogue again, and becomes a journal line.

`admission` takes the events of a request in one of two forms: `client_batch` for a whole batch of Footfall's client,
`any_event` for everything else. Both are compiled from `catalogues` into `json_fragments`; `client_texts` keeps the
texts of the first. `instance_hash` turns an instance ID into the stored instance with the `pepper`, `new_instances`
limits how many are new to their peer, `times` and `request_times` correct the sender's clock, `misfits` says what does
not fit a catalogue. Content that is not in the catalogue never reaches the disk, a log or an answer. `receive` admits
events; `app`, `store` and `operate` use the catalogues and the hash.
"""

from .admission import Admission, Admitted
from .catalogues import load_catalogues
from .client_batch import ClientBatch
from .instance_hash import INSTANCE_KEY, MAX_ID, instance_of
from .misfits import report_misfits
from .new_instances import EPHEMERAL, TOO_MANY_INSTANCES, NewInstances, TooManyInstancesError
from .pepper import FILE, fingerprint, load_pepper
from .request_times import DAY_OVER_BUDGET, Marks
from .times import epoch_of

__all__ = [
    "DAY_OVER_BUDGET",
    "EPHEMERAL",
    "FILE",
    "INSTANCE_KEY",
    "MAX_ID",
    "TOO_MANY_INSTANCES",
    "Admission",
    "Admitted",
    "ClientBatch",
    "Marks",
    "NewInstances",
    "TooManyInstancesError",
    "epoch_of",
    "fingerprint",
    "instance_of",
    "load_catalogues",
    "load_pepper",
    "report_misfits",
]
