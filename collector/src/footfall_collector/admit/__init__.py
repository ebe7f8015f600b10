"""The catalogue once more, at the collector's door: what is not in it never reaches the disk, a log or an answer."""

from .admission import Admission, Admitted
from .catalogues import load_catalogues
from .newcomers import Newcomers
from .pepper import fingerprint, load_pepper
from .quick import Sent

__all__ = ["Admission", "Admitted", "Newcomers", "Sent", "fingerprint", "load_catalogues", "load_pepper"]
