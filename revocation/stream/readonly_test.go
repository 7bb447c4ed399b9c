package stream_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/revocation/stream"
)

// A gateway of one station fetches one partition of the bookings and is fresh by it.
func TestOnlyTheNeededPartitionIsFetched(t *testing.T) {
	h := newHarness(t)
	link := openLink(t, h.broker, "issuer")
	h.pub = publish.New(publish.Config{
		Broker: link, Domain: revocation.Bookings, Topic: publish.Topic{Name: topic, Partitions: partitions, Replication: 1},
		Outbox: h.outbox, Authority: revocationtest.Authority,
		Heartbeat: 100 * time.Millisecond, Now: time.Now, Log: zap.NewNop(),
	})
	background(t, func(ctx context.Context) { h.pub.Run(ctx); link.Close() })
	r, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), partitions, revocation.Limits{}, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ReadOnly(1); err != nil {
		t.Fatal(err)
	}
	f := stream.New(opener(h.broker, "gateway"), topic, r, time.Now, zap.NewNop())
	background(t, f.Run)
	awaitState(t, r, revocation.Fresh)
	for i, p := range f.Stats().Partitions {
		if read := p.Position > 0; read != (i == 1) {
			t.Errorf("partition %d: position %d", i, p.Position)
		}
	}
}
