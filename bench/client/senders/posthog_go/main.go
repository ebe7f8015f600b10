// posthog-go as a sender; the modes are those of program.py, of which it has `latency` and `deliver`.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/posthog/posthog-go"
)

const burst = 100

func open(url, key string) posthog.Client {
	client, err := posthog.NewWithConfig(key, posthog.Config{Endpoint: url})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func capture(client posthog.Client) {
	err := client.Enqueue(posthog.Capture{
		DistinctId: "cluster_0123456789abcdef",
		Event:      "tool_executed",
		Properties: posthog.Properties{
			"tool":           "recommend",
			"success":        true,
			"duration_ms":    12,
			"mcp_client":     "claude-code",
			"dot_ai_version": "2.2.0",
			"ai_provider":    "none",
			"is_internal":    false,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// deliverAll waits until everything is delivered. The library has no flush: its end is what waits for its requests.
func deliverAll(client posthog.Client) {
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}

func latency(client posthog.Client, count int) map[string]float64 {
	taken := make([]float64, 0, count)
	for range count / burst {
		for range burst {
			began := time.Now()
			capture(client)
			taken = append(taken, float64(time.Since(began).Nanoseconds())/1e3)
		}
		time.Sleep(20 * time.Millisecond)
	}
	deliverAll(client)
	slices.Sort(taken)
	return map[string]float64{"p50": taken[len(taken)/2], "p99": taken[len(taken)*99/100]}
}

func deliver(client posthog.Client, count int) map[string]float64 {
	used, began := cpu(), time.Now()
	for range count {
		capture(client)
	}
	deliverAll(client)
	return map[string]float64{
		"cpu":  (cpu() - used) / float64(count) * 1e6,
		"rate": float64(count) / time.Since(began).Seconds(),
	}
}

// cpu returns the seconds of processor that the process has used so far.
func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("expected URL KEY latency|deliver COUNT")
	}
	url, key, mode := os.Args[1], os.Args[2], os.Args[3]
	count, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	// A first event, as the other programs send one; the connection stays open for the next client.
	first := open(url, key)
	capture(first)
	deliverAll(first)
	modes := map[string]func(posthog.Client, int) map[string]float64{"latency": latency, "deliver": deliver}
	measure, known := modes[mode]
	if !known {
		log.Fatalf("no mode %q", mode)
	}
	said, err := json.Marshal(measure(open(url, key), count))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(said))
}
