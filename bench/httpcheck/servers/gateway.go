package servers

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// role is one kind of server inside its process.
type role struct {
	serve  func(context.Context, net.Listener) error
	misses func() (uint64, error)
	answer func(body string)
}

// cacheBytes is memory for more than a hundred thousand passes.
const cacheBytes = 64 << 20

// drainWithin bounds the end of a server: its only connections are the benchmark's, and closed.
const drainWithin = 2 * time.Second

// heartbeat keeps the revocation data fresh, like the issuer's.
const heartbeat = time.Second

// Revoked credentials of today, known to every server with revocations.
const (
	revokedCount = 50_000
	perBatch     = 500
)

// newGateway returns the real gateway with a fake issuer.
func newGateway() (*role, error) { return gatewayWith(gateway.Config{}, nil) }

// newBeyond returns the same with tickets and second use checked.
func newBeyond() (*role, error) {
	table, err := passage.NewTable(passageEntries, passage.CodeLife*time.Millisecond)
	if err != nil {
		return nil, err
	}
	bookings := booking.NewTable(booking.Config{})
	booked := revocationtest.NewBookingsFeed(time.Now().UnixMilli(), bookings)
	c := gateway.Config{Station: "北京南", Policies: gateway.Policies{Passback: gateway.DefaultPassback, Ticket: gateway.DefaultTicket},
		Passages: gateway.Passages{Table: table, Reach: func(int64) passage.Reach { return passage.Exact }},
		Bookings: gateway.Bookings{Table: bookings, Replica: booked.Replica}}
	c.Passback.Mode, c.Ticket.Mode = gateway.ModeFlag, gateway.ModeFlag
	return gatewayWith(c, func(now int64) {
		table.Turn(now)
		booked.Apply(now)
	})
}

// passageEntries is room for all sessions of a benchmark.
const passageEntries = 1 << 20

// gatewayWith returns the gateway with settings of its own; beat, unless nil, is called with every heartbeat.
func gatewayWith(c gateway.Config, beat func(now int64)) (*role, error) {
	now := time.Now()
	feed := revocationtest.NewFeed(now.UnixMilli(), corpus.Keys()...)
	for done := uint32(0); done < revokedCount; done += perBatch {
		var records []revocation.Record
		for i := range uint32(perBatch) {
			records = append(records, revocation.Record{Kind: revocation.KindRevoke, At: now.UnixMilli(),
				Serial: tokens.Serial{Day: uint16(tokens.DayOf(now.Unix())), Index: corpus.FirstRevoked + done + i}})
		}
		feed.Apply(now.UnixMilli(), records...)
	}
	var entries []gateway.DeviceEntry
	for id, credential := range map[string]string{"gate": corpus.Gate, "stranger": corpus.Stranger} {
		entries = append(entries, gateway.DeviceEntry{ID: id, Hash: gateway.HashCredential(credential), Scopes: []string{corpus.Scope.String()}, Offline: true})
	}
	devices, err := gateway.NewDevices(entries)
	if err != nil {
		return nil, err
	}
	c.Devices, c.CacheBytes, c.DrainTimeout = devices, cacheBytes, drainWithin
	g, err := gateway.New(c, feed.Replica, zap.NewNop())
	if err != nil {
		return nil, err
	}
	metrics := prometheus.NewPedanticRegistry()
	if err := metrics.Register(g); err != nil {
		return nil, err
	}
	return &role{
		serve: func(ctx context.Context, listener net.Listener) error {
			go func() {
				for tick := time.NewTicker(heartbeat); ; {
					select {
					case <-ctx.Done():
						tick.Stop()
						return
					case at := <-tick.C:
						feed.Apply(at.UnixMilli())
						if beat != nil {
							beat(at.UnixMilli())
						}
					}
				}
			}()
			return g.Serve(ctx, listener)
		},
		misses: func() (uint64, error) { return cacheMisses(metrics) },
	}, nil
}

// cacheMisses reads the counter that operators see.
func cacheMisses(metrics prometheus.Gatherer) (uint64, error) {
	families, err := metrics.Gather()
	if err != nil {
		return 0, err
	}
	for _, family := range families {
		if family.GetName() != "railgate_pass_cache_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "event" && label.GetValue() == "miss" {
					return uint64(m.GetCounter().GetValue()), nil
				}
			}
		}
	}
	return 0, errors.New("the gateway has no metric of cache misses")
}
