package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of processor time in /proc/PID/stat: USER_HZ, 100 a
// second on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cost is what was used up and counted so far, or within a round.
type cost struct {
	cpu     map[string]time.Duration // by process; those that cannot be asked are missing
	samples map[string]float64       // of the metrics that parts are worked out from
}

// The processes whose time is told, in the order of the table.
var processes = []string{"issuer", "gateway", "broker", "database", "this tool"}

// costs asks everybody. A process whose time the system does not tell is left out.
func (w *world) costs(ctx context.Context) (cost, error) {
	c := cost{cpu: map[string]time.Duration{}, samples: map[string]float64{}}
	pids := map[string][]int{"issuer": w.issuer.pid(), "gateway": w.gateways[0].pid(), "this tool": {os.Getpid()}, "database": w.serverPIDs()}
	if n, ok := w.broker.(*nodes); ok {
		var err error
		if pids["broker"], err = n.pids(ctx); err != nil {
			return c, err
		}
	}
	for name, all := range pids {
		var sum time.Duration
		for _, pid := range all {
			sum += processorTime(pid)
		}
		if sum > 0 {
			c.cpu[name] = sum
		}
	}
	for _, admin := range []string{w.issuerAdmin, w.gateways[0].admin} {
		if err := c.scrape(ctx, w.client, admin); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Fields of /proc/PID/stat, counted from the one behind the name.
const (
	fieldParent = 1
	fieldTimes  = 11 // utime, stime, and both of the children that ended and were waited for
)

// stat reads a process's fields; nil if the system does not tell.
func stat(pid int) [][]byte {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The second field is a name in brackets that may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < fieldTimes+4 {
		return nil
	}
	return fields
}

// processorTime is what a process and its ended children have used.
func processorTime(pid int) (sum time.Duration) {
	fields := stat(pid)
	if fields == nil {
		return 0
	}
	for _, f := range fields[fieldTimes : fieldTimes+4] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0
		}
		sum += time.Duration(n) * clockTick
	}
	return sum
}

func parentOf(pid int) int {
	if fields := stat(pid); fields != nil {
		parent, _ := strconv.Atoi(string(fields[fieldParent]))
		return parent
	}
	return 0
}

// serverPIDs are the processes of the PostgreSQL server.
func (w *world) serverPIDs() (pids []int) {
	if w.postmaster <= 1 {
		return nil
	}
	pids = []int{w.postmaster}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && parentOf(pid) == w.postmaster {
			pids = append(pids, pid)
		}
	}
	return pids
}

// scrape adds the samples of a process's own metrics.
func (c *cost) scrape(ctx context.Context, client *http.Client, admin string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		at := bytes.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(string(bytes.TrimSpace(line[at:])), 64); err == nil {
			c.samples[string(line[:at])] = value
		}
	}
	return nil
}

// since is what was added since before.
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

// part is a stretch of a revocation's way and how to work it out.
type part struct {
	name string
	of   func(c cost) (seconds float64, known bool)
}

const revokeRoute = `{route="POST /v1/credentials/{serial}/revoke"}`

// parts are means over the revocations of a round. Each record is counted with
// the whole time of the batch that it went with, since it waited for that.
var parts = []part{
	{"issuer: serving the request", histogram("railgate_issuer_request_seconds", revokeRoute)},
	{"issuer: of that, until the transaction is on disk", histogram("railgate_issuer_revocation_commit_seconds", "")},
	{"publisher: from acceptance until asked for, the commit included", ofRecord("wait")},
	{"publisher: take from the outbox, numbers on disk", ofRecord("take")},
	{"publisher: encode and sign", ofRecord("sign")},
	{"broker: produce, until all replicas have it", ofRecord("produce")},
	{"gateway: from acceptance to effect, all of the above and fetch, verify, apply", histogram("railgate_revocation_delay_seconds", "")},
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
