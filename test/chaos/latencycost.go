package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/stack"
)

// cost is the resources used and events counted so far, or within a round.
type cost struct {
	cpu     map[string]time.Duration // by process; unknown ones are missing
	samples map[string]float64       // of the metrics that parts are computed from
}

// processes are the rows of the table, in order.
var processes = []string{"issuer", "gateway", "broker", "database", "this tool"}

// costs reads the usage of all processes. A process whose usage the system does not report is
// omitted.
func (sys *system) costs(ctx context.Context) (cost, error) {
	c := cost{cpu: map[string]time.Duration{}, samples: map[string]float64{}}
	pids := map[string][]int{"issuer": sys.issuer.pid(), "gateway": sys.gateways[0].pid(), "this tool": {os.Getpid()}}
	if n, ok := sys.broker.(*nodes); ok {
		var err error
		if pids["broker"], err = n.pids(ctx); err != nil {
			return c, err
		}
	}
	for name, all := range pids {
		for _, pid := range all {
			if u, err := process.UsageOf(pid); err == nil {
				c.cpu[name] += u.Sum()
			}
		}
	}
	if sys.postmaster > 1 {
		if t, err := process.FamilyTime(sys.postmaster); err == nil {
			c.cpu["database"] = t
		}
	}
	for _, v := range []*stack.Server{sys.issuer.Server, sys.gateways[0].Server} {
		samples, err := sys.metrics(ctx, v)
		if err != nil {
			return c, err
		}
		maps.Copy(c.samples, samples)
	}
	return c, nil
}

// metrics returns the samples of a process's metrics by name and labels.
func (sys *system) metrics(ctx context.Context, v *stack.Server) (map[string]float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.Admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := sys.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // more than a passenger reads of an answer
	if err != nil {
		return nil, err
	}
	samples := map[string]float64{}
	for line := range bytes.Lines(text) {
		at := bytes.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(string(bytes.TrimSpace(line[at:])), 64); err == nil {
			samples[string(line[:at])] = value
		}
	}
	return samples, nil
}

// since returns the difference to before.
func (c cost) since(before cost) cost {
	d := cost{cpu: map[string]time.Duration{}, samples: map[string]float64{}}
	for name, t := range c.cpu {
		d.cpu[name] = t - before.cpu[name]
	}
	for name, v := range c.samples {
		d.samples[name] = v - before.samples[name]
	}
	return d
}

// part is a stage of a revocation and how to compute its time.
type part struct {
	name string
	of   func(c cost) (seconds float64, known bool)
}

const revokeRoute = `{route="POST /v1/credentials/{serial}/revoke"}`

// parts are means over the revocations of a round. Each record counts the whole time of its batch,
// since it waited for that.
var parts = []part{
	{"issuer: serving the request", histogram("railgate_issuer_request_seconds", revokeRoute)},
	{"issuer: of that, until the transaction is on disk", histogram("railgate_issuer_revocation_commit_seconds", "")},
	{"publisher: from acceptance to the read of the outbox, with the commit", ofRecord("wait")},
	{"publisher: take from the outbox, sequence numbers on disk", ofRecord("take")},
	{"publisher: encode and sign", ofRecord("sign")},
	{"broker: produce, until all replicas have stored it", ofRecord("produce")},
	{"gateway: from acceptance to effect, with all of the above, fetch, verify and apply", histogram("railgate_revocation_delay_seconds", "")},
}

func mean(sum, count string) func(c cost) (float64, bool) {
	return func(c cost) (float64, bool) { return c.samples[sum] / c.samples[count], c.samples[count] > 0 }
}

func histogram(name, labels string) func(c cost) (float64, bool) {
	return mean(name+"_sum"+labels, name+"_count"+labels)
}

func ofRecord(part string) func(c cost) (float64, bool) {
	return mean(`railgate_publish_record_seconds_total{part="`+part+`"}`, "railgate_publish_records_total")
}
