package publish_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// timeline simulates the issuer, the log and the gateways with one clock that the test advances by fractions
// of a millisecond, so that commits, calls of the outbox and starts of gateways share milliseconds.
type timeline struct {
	*revocationtest.Outbox
	publish.Broker // nil: a round calls Produce only

	t        *testing.T
	random   *rand.Rand
	setBack  bool // the clock is sometimes set back
	now      time.Time
	furthest int64
	log      [][]byte
	acks     []ack
	gateways []*tiedGateway
}

// ack is a record that the issuer has acknowledged.
type ack struct {
	serial tokens.Serial
	ms     int64 // when, rounded down
	again  bool  // the clock has shown this moment before: watermarks promise nothing about it
}

type tiedGateway struct {
	*revocation.Replica
	before int // acknowledgements before it was started
	read   int // messages
}

// interleave lets random events happen between two steps of the publisher.
func (w *timeline) interleave() {
	for range w.random.IntN(4) {
		switch w.random.IntN(5) {
		case 0:
			w.now = w.now.Add(time.Duration(w.random.IntN(900)) * time.Microsecond)
		case 1, 2:
			w.commit()
		case 3:
			if len(w.gateways) < 3 {
				w.start()
			}
		case 4:
			if w.setBack && w.random.IntN(8) == 0 {
				w.now = w.now.Add(-time.Duration(w.random.IntN(4000)) * time.Microsecond)
			}
		}
	}
}

func (w *timeline) ms() int64 {
	w.furthest = max(w.furthest, w.now.UnixMilli())
	return w.now.UnixMilli()
}

func (w *timeline) commit() {
	again := w.now.UnixMilli() < w.furthest
	a := ack{serial: tokens.Serial{Day: uint16(tokens.DayOf(tokentest.Epoch)), Index: uint32(len(w.acks))}, ms: w.ms(), again: again}
	w.Add(revocation.Record{Kind: revocation.KindRevoke, At: a.ms, Serial: a.serial})
	w.acks = append(w.acks, a)
}

func (w *timeline) start() {
	if w.now.UnixMilli() < w.furthest {
		return // readiness compares times and cannot distinguish this moment from its first occurrence
	}
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, w.ms())
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetTargetOffset(0, int64(len(w.log)))
	w.gateways = append(w.gateways, &tiedGateway{Replica: r, before: len(w.acks)})
}

// TakeRecords is the publisher's call of the outbox.
func (w *timeline) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, _ int) (publish.Pending, error) {
	w.interleave()
	defer w.interleave()
	return w.Outbox.TakeRecords(ctx, epoch, partition, done, 4) // at most 4, so that a batch does not always contain all waiting records
}

// Produce appends the message to the log.
func (w *timeline) Produce(_ context.Context, r *kafka.ProduceRequest) (*kafka.ProduceResponse, error) {
	w.interleave()
	record, err := r.Records.ReadRecord()
	if err != nil {
		return nil, err
	}
	value, err := protocol.ReadAll(record.Value)
	if err != nil {
		return nil, err
	}
	w.log = append(w.log, value)
	return &kafka.ProduceResponse{BaseOffset: int64(len(w.log) - 1)}, nil
}

// deliver makes gateways read messages, and checks the promise after each message.
func (w *timeline) deliver() {
	for _, g := range w.gateways {
		for g.read < len(w.log) && w.random.IntN(4) > 0 {
			g.Apply(0, w.log[g.read], w.ms())
			g.read++
			g.SetPosition(0, int64(g.read))
			f := g.Freshness(w.ms())
			for i, a := range w.acks {
				if g.Revoked(a.serial) {
					continue
				}
				if f.State != revocation.Booting && i < g.before {
					w.t.Fatalf("a gateway is %s without a record that was acknowledged before it started", f.State)
				}
				if a.ms < f.WatermarkMS && !a.again {
					w.t.Fatalf("the watermark is %d, and a record acknowledged at %d is missing", f.WatermarkMS, a.ms)
				}
			}
		}
	}
}

// Whatever shares a millisecond: records acknowledged strictly before a gateway's watermark are at that
// gateway, and a ready gateway has every record acknowledged before its start.
func TestWatermarkPromisesOnlyAppliedRecords(t *testing.T) {
	for name, setBack := range map[string]bool{"a clock that stops and continues": false, "a clock that is set back": true} {
		t.Run(name, func(t *testing.T) {
			ready := 0
			for seed := range uint64(150) {
				w := &timeline{Outbox: revocationtest.NewOutbox(1, 1), t: t, random: rand.New(rand.NewPCG(seed, 14)), setBack: setBack,
					now: time.UnixMilli(tokentest.Epoch * 1000)}
				p := publish.New(publish.Config{Broker: w, Topic: publish.Topic{Name: topic, Partitions: 1}, Outbox: w,
					Authority: revocationtest.Authority, Now: func() time.Time { w.interleave(); w.ms(); return w.now }, Log: zap.NewNop()})
				var done uint64
				for range 25 {
					if _, _, err := p.Round(t.Context(), 0, 1, &done, true); err != nil {
						t.Fatal(err)
					}
					w.deliver()
				}
				for _, g := range w.gateways {
					if g.Freshness(w.ms()).State != revocation.Booting {
						ready++
					}
				}
			}
			if ready < 200 {
				t.Fatalf("only %d gateways became ready: the test shows little", ready)
			}
		})
	}
}

// A gateway that starts in the millisecond of a heartbeat, after a commit that the heartbeat does not
// include, is not made ready by it.
func TestHeartbeatOfTheSameMillisecondDoesNotMakeReady(t *testing.T) {
	w := &timeline{Outbox: revocationtest.NewOutbox(1, 1), t: t, random: rand.New(rand.NewPCG(1, 1)), now: time.UnixMilli(tokentest.Epoch * 1000)}
	p := publish.New(publish.Config{Broker: w, Topic: publish.Topic{Name: topic, Partitions: 1}, Outbox: w.Outbox,
		Authority: revocationtest.Authority, Now: func() time.Time { return w.now }, Log: zap.NewNop()})
	var done uint64
	round := func() {
		t.Helper()
		if _, _, err := p.Round(t.Context(), 0, 1, &done, true); err != nil {
			t.Fatal(err)
		}
	}
	w.random = rand.New(still{})
	round()
	w.commit() // the heartbeat has been sent
	w.start()
	for range 2 {
		w.gateways[0].Apply(0, w.log[len(w.log)-1], w.ms())
		w.gateways[0].SetPosition(0, int64(len(w.log)))
		if s := w.gateways[0].Freshness(w.ms()); s.State != revocation.Booting {
			t.Fatalf("%s with the record that was committed before the start: %v", s.State, w.gateways[0].Revoked(w.acks[0].serial))
		}
		round() // still the same millisecond
	}
	w.now = w.now.Add(time.Millisecond)
	round()
	for _, m := range w.log {
		w.gateways[0].Apply(0, m, w.ms())
	}
	if s := w.gateways[0].Status(w.ms()); s.State != revocation.Fresh || !w.gateways[0].Revoked(w.acks[0].serial) {
		t.Fatalf("state %s, waiting for %q", s.State, s.Waiting)
	}
}

// still is a random source with which no event happens.
type still struct{}

func (still) Uint64() uint64 { return 0 }
