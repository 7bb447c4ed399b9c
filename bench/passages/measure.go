package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/passage/exchange"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens"
)

const (
	startWithin = 30 * time.Second // all gateways are connected
	readWithin  = 30 * time.Second // the last passage is known everywhere; a starting gateway is exact
	poll        = time.Millisecond
)

// keys are the announced gateways, all at once.
type keys map[revocation.GatewayID]revocation.GatewayKey

func (k keys) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	key, ok := k[id]
	return key, ok
}

// system is the gateways and what they measured.
type system struct {
	*options
	topic   string
	keys    keys
	private []ed25519.PrivateKey
	day     uint16

	due      []atomic.Int64 // by serial index: when the passage was due, Unix ns
	measured atomic.Bool    // the warm-up is over

	mu      sync.Mutex
	refused []time.Duration // from due to refused, at every other gateway
	missed  int             // merged, and yet admitted
	late    []time.Duration // from due to recorded: lateness of this program
}

// gateway is one gateway. Its table is asked as soon as a passage of another gateway was merged.
type gateway struct {
	*system
	id        revocation.GatewayID
	table     *passage.Table
	conflicts *passage.Conflicts
	exchange  *exchange.Exchange
	merged    atomic.Int64
	stop      func()
}

// Merge implements [exchange.Table].
func (g *gateway) Merge(p *passage.Passage) {
	g.table.Merge(p)
	g.merged.Add(1)
	due := g.due[p.Serial.Index].Load()
	if !g.measured.Load() || due == 0 {
		return
	}
	now := time.Now()
	a := passage.Attempt{Serial: p.Serial, Step: p.Step, Way: p.Way, At: now.UnixMilli(), Place: passage.PlaceOf("广州南", "gate-x"),
		Window: g.window.Milliseconds()}
	answer := g.table.Attempt(&a, forgiver{})
	g.mu.Lock()
	defer g.mu.Unlock()
	if answer.Outcome != passage.Used && answer.Outcome != passage.UsedElsewhere {
		g.missed++
		return
	}
	g.refused = append(g.refused, time.Duration(now.UnixNano()-due))
}

// forgiver forgives nothing.
type forgiver struct{}

func (forgiver) Forgiven(tokens.Serial) int64 { return 0 }

// measure runs the passages.
func measure(ctx context.Context, o *options) (*result, error) {
	total := int(float64(o.rate) * (o.length + o.warmUp).Seconds())
	s := &system{options: o, topic: fmt.Sprintf("railgate.passages.%d", time.Now().UnixNano()), keys: keys{},
		day: uint16(tokens.DayOf(time.Now().Unix())), due: make([]atomic.Int64, total)}
	for i := range o.gateways + 1 { // one more starts later
		seed := [ed25519.SeedSize]byte{1, byte(i), byte(i >> 8)}
		private := ed25519.NewKeyFromSeed(seed[:])
		s.private = append(s.private, private)
		s.keys[revocation.GatewayID(i)] = revocation.GatewayKey{Public: [32]byte(private.Public().(ed25519.PublicKey)), Cutoff: tokens.Never}
	}
	if err := s.createTopic(ctx); err != nil {
		return nil, err
	}
	var gateways []*gateway
	defer func() {
		for _, g := range gateways {
			g.stop()
		}
	}()
	for i := range o.gateways {
		g, err := s.start(revocation.GatewayID(i))
		if err != nil {
			return nil, err
		}
		gateways = append(gateways, g)
	}
	for _, g := range gateways {
		if !await(ctx, startWithin, g.isExact) {
			return nil, fmt.Errorf("gateway %d does not become exact within %v: %s", g.id, startWithin, g.exchange.Follower.Why())
		}
	}
	began := time.Now()
	for i := range total {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(o.rate))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if due.Sub(began) >= o.warmUp {
			s.measured.Store(true)
		}
		if err := gateways[i%len(gateways)].pass(uint32(i), due); err != nil {
			return nil, err
		}
	}
	all := func() bool {
		for i, g := range gateways {
			own := (total - i + len(gateways) - 1) / len(gateways)
			if int(g.merged.Load()) < total-own {
				return false
			}
		}
		return true
	}
	if !await(ctx, readWithin, all) {
		return nil, fmt.Errorf("not all passages were merged within %v", readWithin)
	}
	r := &result{refused: s.refused, late: s.late, missed: s.missed, reached: float64(total) / time.Since(began).Seconds()}
	for _, g := range gateways {
		w := g.exchange.Writer.Stats()
		r.batches, r.passages, r.failures = r.batches+w.Batches, r.passages+w.Passages, r.failures+w.Failures+w.Full+w.Lost
	}
	return r, s.catchUp(ctx, r)
}

// catchUp starts one more gateway and measures the time until it is exact.
func (s *system) catchUp(ctx context.Context, r *result) error {
	s.measured.Store(false)
	began := time.Now()
	g, err := s.start(revocation.GatewayID(s.gateways))
	if err != nil {
		return err
	}
	defer g.stop()
	if !await(ctx, readWithin, func() bool { return g.exchange.Reader.Through() != 0 }) {
		return fmt.Errorf("a starting gateway did not read the window within %v", readWithin)
	}
	r.caughtUp, r.caughtUpPassages = time.Since(began), g.merged.Load()
	r.caughtUpBatches = g.exchange.Reader.Stats().Outcomes[exchange.Applied]
	return nil
}

func (s *system) createTopic(ctx context.Context) error {
	client := &kafkago.Client{Addr: kafkago.TCP(s.brokers...), Timeout: startWithin}
	r, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: s.topic, NumPartitions: s.partitions, ReplicationFactor: s.copies}}})
	if err == nil {
		err = r.Errors[s.topic]
	}
	return err
}

// start starts a gateway; its stop waits for its end.
func (s *system) start(id revocation.GatewayID) (*gateway, error) {
	table, err := passage.NewTable(4*s.rate*int(s.window/time.Second), s.window)
	if err != nil {
		return nil, err
	}
	table.Turn(time.Now().UnixMilli())
	conflicts, err := passage.NewConflicts(passage.ConflictsConfig{Window: s.window})
	if err != nil {
		return nil, err
	}
	g := &gateway{system: s, id: id, table: table, conflicts: conflicts}
	g.exchange, err = exchange.New(exchange.Config{Gateway: id, Key: s.private[id], Gateways: s.keys, Ready: func() bool { return true },
		Kafka:      kafka.Config{Brokers: s.brokers, Topic: s.topic, ClientID: fmt.Sprintf("gateway-%d", id)},
		Partitions: s.partitions, Window: s.window, Table: g, Conflicts: g.conflicts, Now: time.Now, Log: zap.NewNop()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.exchange.Run(ctx) }()
	g.stop = func() { cancel(); <-done }
	return g, nil
}

func (g *gateway) isExact() bool { return g.exchange.Reach(time.Now().UnixMilli()) == passage.Exact }

// pass admits a passage at this gateway and records it.
func (g *gateway) pass(index uint32, due time.Time) error {
	now := time.Now()
	p := passage.Passage{Serial: tokens.Serial{Day: g.day, Index: index}, Start: now.Unix(), Step: uint8(index % 29), At: now.UnixMilli(),
		Station: "北京南", Device: "gate-1", Gateway: g.id}
	g.due[index].Store(due.UnixNano())
	a := passage.Attempt{Serial: p.Serial, Step: p.Step, At: p.At, Place: passage.PlaceOf(p.Station, p.Device), Window: g.window.Milliseconds()}
	if answer := g.table.Attempt(&a, forgiver{}); answer.Outcome != passage.Admitted {
		return fmt.Errorf("passage %d was not admitted at its own gateway", index)
	}
	if !g.exchange.Record(&p) {
		return fmt.Errorf("the queue was full at passage %d", index)
	}
	if g.measured.Load() {
		g.mu.Lock()
		g.late = append(g.late, time.Since(due))
		g.mu.Unlock()
	}
	return nil
}

func await(ctx context.Context, within time.Duration, cond func() bool) bool {
	for deadline := time.Now().Add(within); ctx.Err() == nil && time.Now().Before(deadline); time.Sleep(poll) {
		if cond() {
			return true
		}
	}
	return false
}
