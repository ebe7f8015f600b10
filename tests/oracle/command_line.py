"""The command line of `tests/oracle/fleet.py`."""

import argparse
import gzip
import http.client
import json
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.oracle.fleet import Fleet, FleetEvent, wire_event
from tests.oracle.matching import OracleQuery
from tests.oracle.truth import Truth
from tests.oracle.world import DAY

_EXAMPLE = """examples:
  python tests/oracle/fleet.py --instances 200 --days 30 --seed 1 --post http://127.0.0.1:8765 --key phc_fleet
  python tests/oracle/fleet.py --instances 50 --days 7 --answers all      the true answers, as JSON by chart
  python tests/oracle/fleet.py --instances 5 --days 2                     the events, one JSON line each"""
_MAX_POSTED_DAYS = 59
_BATCH_EVENTS = 500
_BROKEN_PIPE = 141  # a shell's exit code of a writer whose reader has closed the pipe


def run(arguments: list[str]) -> int:
    """Run the command; the exit code is 0, 1 where the collector refuses, 2 for a wrong argument."""
    options = _parser().parse_args(arguments)
    if options.post and options.days > _MAX_POSTED_DAYS:
        print(f"fleet: a collector takes events of {_MAX_POSTED_DAYS} days at most; lower --days", file=sys.stderr)
        return 2
    fleet = Fleet(options.instances, options.days, options.seed, options.end or int(time.time()), options.product)
    if options.post:
        return _post(fleet, options.post, options.key)
    try:
        if options.answers:
            print(json.dumps(answers(fleet, options.answers), indent=1, ensure_ascii=False))
        else:
            for event in fleet.events():
                print(json.dumps(wire_event(event)))
    except BrokenPipeError:
        return _BROKEN_PIPE
    return 0


def answers(fleet: Fleet, internal: str) -> dict[str, list[list[object]]]:
    """Chart to its true answer over the fleet's whole days."""
    truth = Truth(fleet.events())
    query = OracleQuery(fleet.start // DAY * DAY, -(-fleet.end // DAY) * DAY, internal)
    return truth.charts(query)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fleet.py",
        description="A seeded fleet of instances: prints or posts its events, or prints the true answers.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--instances", type=int, default=200, help="how many [200]")
    parser.add_argument("--days", type=int, default=30, help="days up to the end [30]")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same fleet [1]")
    parser.add_argument("--end", type=int, metavar="EPOCH", help="epoch seconds of the end [now]")
    parser.add_argument("--product", default="dot-ai", help="the product's name [dot-ai]")
    parser.add_argument("--post", metavar="URL", help="send the events to a collector")
    parser.add_argument("--key", default="phc_fleet", help="write key to send with [phc_fleet]")
    parser.add_argument("--answers", choices=("hide", "only", "all"), help="print the true answers; internal or not")
    return parser


def _post(fleet: Fleet, url: str, key: str) -> int:
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        print("fleet: --post takes an address such as http://127.0.0.1:8765", file=sys.stderr)
        return 2
    connection = http.client.HTTPConnection(address.hostname, address.port or 80, timeout=30)
    posted = 0
    try:
        for body, n in bodies(fleet, key):
            headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
            connection.request("POST", "/batch/", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace").strip()
            if answer.status != 200:
                print(f"fleet: the collector answers {answer.status}: {text}", file=sys.stderr)
                return 1
            posted += n
    except (OSError, http.client.HTTPException) as error:
        print(f"fleet: {url} can't be reached ({type(error).__name__}) after {posted} events", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(f"{posted} events of {fleet.instances} instances and {fleet.days} days are with {url}")
    return 0


def bodies(fleet: Fleet, key: str) -> Iterator[tuple[bytes, int]]:
    """Gzip bodies of PostHog batches, and the number of events in each.

    They have no `sent_at` and stamp events with the true time, so that the collector keeps it whenever they are posted.
    """
    waiting: list[FleetEvent] = []
    for event in fleet.events():
        waiting.append(event)
        if len(waiting) == _BATCH_EVENTS:
            yield _body(waiting, key), len(waiting)
            waiting = []
    if waiting:
        yield _body(waiting, key), len(waiting)


def _body(events: list[FleetEvent], key: str) -> bytes:
    body = {"api_key": key, "batch": [wire_event(event) for event in events]}
    return gzip.compress(json.dumps(body).encode(), 1)
