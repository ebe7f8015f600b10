// posthog-go sends the events that are on stdin as JSON; its complaints go to stdout as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/posthog/posthog-go"
)

type event struct {
	Event      string             `json:"event"`
	DistinctId string             `json:"distinct_id"`
	Properties posthog.Properties `json:"properties"`
}

// watch hears what the SDK logs as a warning or an error, and which messages it says it could not deliver.
type watch struct {
	mutex      sync.Mutex
	complaints []string
	delivered  int
}

func (w *watch) complain(text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.complaints = append(w.complaints, text)
}

func (w *watch) Logf(string, ...interface{})   {}
func (w *watch) Debugf(string, ...interface{}) {}
func (w *watch) Warnf(format string, arguments ...interface{}) {
	w.complain(fmt.Sprintf(format, arguments...))
}
func (w *watch) Errorf(format string, arguments ...interface{}) {
	w.complain(fmt.Sprintf(format, arguments...))
}
func (w *watch) Success(posthog.APIMessage) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.delivered++
}
func (w *watch) Failure(_ posthog.APIMessage, err error) { w.complain("not delivered: " + err.Error()) }

func main() {
	var given struct {
		Capture []event `json:"capture"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		panic(err)
	}
	heard := &watch{complaints: []string{}}
	config := posthog.Config{Endpoint: os.Args[1], BatchSize: 9, Logger: heard, Callback: heard}
	client, err := posthog.NewWithConfig(os.Args[2], config)
	if err != nil {
		panic(err)
	}
	for _, one := range given.Capture {
		message := posthog.Capture{Event: one.Event, DistinctId: one.DistinctId, Properties: one.Properties}
		if err := client.Enqueue(message); err != nil {
			heard.complain(err.Error())
		}
	}
	if err := client.Close(); err != nil {
		heard.complain(err.Error())
	}
	answer := map[string]interface{}{"complaints": heard.complaints, "delivered": heard.delivered}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		panic(err)
	}
}
