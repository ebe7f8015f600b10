//! posthog-rs as a sender; the modes are those of program.py, of which it has `latency` and `deliver`.
use std::time::{Duration, Instant};

use posthog_rs::{Client, ClientOptionsBuilder, Event};

const BURST: usize = 100;
/// Its queue's default of 10,000 events would drop some of a measurement.
const ROOM: usize = 1_000_000;

fn capture(client: &Client) {
    let mut event = Event::new("tool_executed", "cluster_0123456789abcdef");
    let inserted = event
        .insert_prop("tool", "recommend")
        .and_then(|()| event.insert_prop("success", true))
        .and_then(|()| event.insert_prop("duration_ms", 12))
        .and_then(|()| event.insert_prop("mcp_client", "claude-code"))
        .and_then(|()| event.insert_prop("dot_ai_version", "2.2.0"))
        .and_then(|()| event.insert_prop("ai_provider", "none"))
        .and_then(|()| event.insert_prop("is_internal", false));
    inserted.expect("these are values that JSON has");
    client.capture(event);
}

async fn latency(client: &Client, count: usize) {
    capture(client);
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count / BURST {
        for _ in 0..BURST {
            let began = Instant::now();
            capture(client);
            taken.push(began.elapsed().as_secs_f64() * 1e6);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    client.flush().await;
    taken.sort_by(f64::total_cmp);
    println!(
        "{{\"p50\": {}, \"p99\": {}}}",
        taken[taken.len() / 2],
        taken[taken.len() * 99 / 100]
    );
}

async fn deliver(client: &Client, count: usize) {
    capture(client);
    client.flush().await;
    let (used, began) = (cpu(), Instant::now());
    for _ in 0..count {
        capture(client);
    }
    client.flush().await;
    println!(
        "{{\"cpu\": {}, \"rate\": {}}}",
        (cpu() - used) / count as f64 * 1e6,
        count as f64 / began.elapsed().as_secs_f64()
    );
}

/// Seconds of processor that the process has used so far.
fn cpu() -> f64 {
    // SAFETY: the structure is plain numbers, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &mut usage), 0);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, key, mode, count] = arguments.as_slice() else {
        panic!("expected URL KEY latency|deliver COUNT");
    };
    let count: usize = count.parse().expect("COUNT is a number");
    let options = ClientOptionsBuilder::default()
        .host(url.clone())
        .api_key(key.clone())
        .max_queue_size(ROOM)
        .build()
        .expect("a URL and a key are enough");
    let client = posthog_rs::client(options).await;
    match mode.as_str() {
        "latency" => latency(&client, count).await,
        "deliver" => deliver(&client, count).await,
        other => panic!("no mode {other}"),
    }
    client.shutdown().await;
}
