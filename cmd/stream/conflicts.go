package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// mostPassages bounds the passages of one partition that are compared with each other, for memory: about 1 GB.
// Older ones are dropped first, and the summary counts them.
const mostPassages = 20_000_000

// conflictReport is the conflicts of a topic of passages.
type conflictReport struct {
	conflicts []passage.Conflict
	messages  map[exchange.Outcome]uint64
	passages  uint64
	left      uint64 // passages that were not compared with all others
}

// showConflicts reads the control topic for the keys of gateways, then the topic of passages, and prints the
// conflicts in it. Every serial is in one partition, so partitions are read one after the other.
func showConflicts(ctx context.Context, out, errs io.Writer, c *config) error {
	gateways, err := readGateways(ctx, c)
	if err != nil {
		return err
	}
	report, err := readConflicts(ctx, c, gateways)
	if err != nil {
		return err
	}
	if c.JSON {
		err = report.printJSON(out)
	} else {
		err = report.print(out)
	}
	fmt.Fprintln(errs, report.summary())
	return err
}

// open opens a link to a topic.
func (c *config) open(topic string) (*kafka.Link, error) {
	return kafka.Open(kafka.Config{Brokers: c.Brokers, Topic: topic, ClientID: "railgate-stream", Security: c.Security})
}

// readGateways reads the control topic up to its current end.
func readGateways(ctx context.Context, c *config) (*revocation.Replica, error) {
	link, err := c.open(c.Topic)
	if err != nil {
		return nil, err
	}
	defer link.Close()
	spans, err := bounds(ctx, link, c.Topic, -1, 0)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixMilli()
	r, err := revocation.NewReplica(c.authority, len(spans), revocation.Limits{}, now)
	if err != nil {
		return nil, err
	}
	for i := range spans {
		if err := readAll(ctx, link, c.Topic, &spans[i], func(messages [][]byte) { r.ApplyAll(spans[i].partition, messages, now) }); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Topic, err)
		}
	}
	return r, nil
}

// readConflicts reads the topic of passages up to its current end.
func readConflicts(ctx context.Context, c *config, gateways passage.Keys) (*conflictReport, error) {
	link, err := c.open(c.Passages)
	if err != nil {
		return nil, err
	}
	defer link.Close()
	spans, err := bounds(ctx, link, c.Passages, -1, 0)
	if err != nil {
		return nil, err
	}
	report := &conflictReport{messages: map[exchange.Outcome]uint64{}}
	now := time.Now().UnixMilli()
	for i := range spans {
		found, err := passage.NewConflicts(passage.ConflictsConfig{Window: c.Window, Passages: mostPassages})
		if err != nil {
			return nil, err
		}
		reader := exchange.NewReader(exchange.ReaderConfig{Gateways: gateways, Partitions: len(spans), Window: c.Window, Conflicts: found, Now: time.Now})
		partition := spans[i].partition
		err = readAll(ctx, link, c.Passages, &spans[i], func(messages [][]byte) { reader.ApplyAll(partition, messages, now) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Passages, err)
		}
		reader.GiveUp(partition, now)
		report.add(found, reader)
	}
	return report, nil
}

// readAll passes the messages of a partition to apply, in chunks.
func readAll(ctx context.Context, link *kafka.Link, topic string, s *span, apply func([][]byte)) error {
	var chunk [][]byte
	err := s.read(ctx, link, topic, func(_ int64, value []byte) {
		if chunk = append(chunk, value); len(chunk) == revocation.VerifyChunk {
			apply(chunk)
			chunk = chunk[:0]
		}
	})
	apply(chunk)
	if err == nil {
		err = ctx.Err() // part of a topic would give a wrong list
	}
	return err
}

func (r *conflictReport) add(found *passage.Conflicts, reader *exchange.Reader) {
	r.conflicts = append(r.conflicts, found.List()...)
	stats := reader.Stats()
	for o, n := range stats.Outcomes {
		r.messages[exchange.Outcome(o)] += n
	}
	r.passages += stats.Passages
	lost := found.Stats()
	r.left += lost.Lost + lost.Dropped
}

func (r *conflictReport) summary() string {
	text := fmt.Sprintf("%d conflicts among %d passages", len(r.conflicts), r.passages)
	for _, o := range exchange.Outcomes() {
		if n := r.messages[o]; n > 0 {
			text += fmt.Sprintf(", %d messages %s", n, o)
		}
	}
	if r.left > 0 {
		text += fmt.Sprintf("; %d passages were not compared with all others, because there are too many", r.left)
	}
	return text
}

// print prints a table, a conflict a line.
func (r *conflictReport) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.conflicts) > 0 {
		fmt.Fprintln(w, "second use\tserial\tway\tgap\tbetween\tclass\tfirst place\tsecond place")
	}
	for i := range r.conflicts {
		c := &r.conflicts[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%v and %v\t%s\t%s\t%s\n", clock(c.Second.At), c.Second.Serial, c.Second.Way,
			seconds(c.GapMS), seconds(c.LowMS), seconds(c.HighMS), c.Class, placeName(&c.First), placeName(&c.Second))
	}
	return w.Flush()
}

func placeName(p *passage.Passage) string {
	name := fmt.Sprintf("%s %s (gateway %d)", p.Station, p.Device, p.Gateway)
	if p.Upload != 0 {
		name += " uploaded"
	}
	return name
}

func seconds(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func (r *conflictReport) printJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	for i := range r.conflicts {
		if err := e.Encode(r.conflicts[i].Line()); err != nil {
			return err
		}
	}
	return nil
}
