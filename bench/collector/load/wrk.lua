-- Sends the requests of a file, one after another, from a position on: wrk -s wrk.lua URL -- FILE POSITION once|again
-- `again` wraps around at the end of the file, for a server that accepts repeats.
-- A record is eight digits, the size of the request, and the request as it goes over the wire.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  file = assert(io.open(arguments[1], "rb"))
  position = tonumber(arguments[2])
  file:seek("set", position)
  again = arguments[3] == "again"
  ended = 0
end

function request()
  local head = file:read(8)
  if not head and again then
    file:seek("set", 0)
    head = file:read(8)
  end
  if not head then
    ended = 1
    wrk.thread:stop()
    return "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
  end
  local size = tonumber(head)
  position = position + 8 + size
  return file:read(size)
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"answered": %d, "failed": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "position": %d, "ended": %d}\n',
    summary.requests, failed, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    threads[1]:get("position"), threads[1]:get("ended")))
end
