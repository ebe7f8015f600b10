import os

# Everything here speaks to servers on this machine, which a proxy of the surroundings would not find.
os.environ.update(NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")
