package exchange

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

const (
	partitions  = 3
	testTimeout = 15 * time.Second
	window      = passage.CodeLife * time.Millisecond
)

// announced is a control topic that everyone has read.
type announced struct {
	mu   sync.Mutex
	keys map[revocation.GatewayID]revocation.GatewayKey
}

func (a *announced) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, ok := a.keys[id]
	return key, ok
}

func (a *announced) set(id revocation.GatewayID, key revocation.GatewayKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[id] = key
}

// harness is a topic on a broker; gateways are added to it.
type harness struct {
	t         *testing.T
	addresses []string
	client    *kafkago.Client
	topic     string
	announced announced
	day       uint16
	serials   uint32
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	b, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	h := newHarnessOn(t, b.Addresses())
	h.create(1)
	return h
}

func newHarnessOn(t *testing.T, addresses []string) *harness {
	transport := &kafkago.Transport{MetadataTTL: time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	return &harness{t: t, addresses: addresses, topic: fmt.Sprintf("%s.%d", DefaultTopic, time.Now().UnixNano()),
		client:    &kafkago.Client{Addr: kafkago.TCP(addresses...), Timeout: testTimeout, Transport: transport},
		announced: announced{keys: map[revocation.GatewayID]revocation.GatewayKey{}},
		day:       uint16(tokens.DayOf(time.Now().Unix()))}
}

func (h *harness) create(copies int) {
	h.t.Helper()
	r, err := h.client.CreateTopics(h.t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: h.topic, NumPartitions: partitions, ReplicationFactor: copies}}})
	if err != nil || r.Errors[h.topic] != nil {
		h.t.Fatal(err, r)
	}
}

// privateKey returns a gateway's key.
func privateKey(id revocation.GatewayID) ed25519.PrivateKey {
	seed := [ed25519.SeedSize]byte{7, byte(id)}
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicKey(id revocation.GatewayID) revocation.GatewayKey {
	return revocation.GatewayKey{Public: [32]byte(privateKey(id).Public().(ed25519.PublicKey)), Cutoff: tokens.Never}
}

// link is a gateway's way to the brokers, which a test can cut.
type link struct {
	*kafka.Link
	gateway *gateway
}

// errCut is what a gateway sees that is cut off; it also waits, like a network that drops packets.
var errCut = errors.New("cut off")

func (l *link) pass(ctx context.Context) error {
	for l.gateway.cut.Load() {
		if !kafka.Wait(ctx, 5*time.Millisecond) {
			return errCut
		}
	}
	return nil
}

func (l *link) Fetch(ctx context.Context, r *kafkago.FetchRequest) (*kafkago.FetchResponse, error) {
	if err := l.pass(ctx); err != nil {
		return nil, err
	}
	res, err := l.Link.Fetch(ctx, r)
	if cut := l.pass(ctx); cut != nil {
		return nil, cut
	}
	return res, err
}

// Produce fails as often as the test wants, after the brokers have stored the message.
func (l *link) Produce(ctx context.Context, r *kafkago.ProduceRequest) (*kafkago.ProduceResponse, error) {
	if err := l.pass(ctx); err != nil {
		return nil, err
	}
	res, err := l.Link.Produce(ctx, r)
	if l.gateway.lostAcks.Add(-1) >= 0 {
		return nil, errCut
	}
	return res, err
}

// gateway is a gateway with a real table.
type gateway struct {
	*harness
	*Exchange
	id        revocation.GatewayID
	table     *passage.Table
	conflicts *passage.Conflicts
	lines     *observer.ObservedLogs
	merged    sync.Map // serials
	cut       atomic.Bool
	lostAcks  atomic.Int64
	stop      func()
}

// start starts a gateway that the authority has announced, and waits until it is exact.
func (h *harness) start(id revocation.GatewayID) *gateway {
	h.t.Helper()
	h.announced.set(id, publicKey(id))
	g := h.begin(id, nil)
	g.await("exact", g.isExact)
	return g
}

// begin starts a gateway; change may alter its settings.
func (h *harness) begin(id revocation.GatewayID, change func(*Config)) *gateway {
	h.t.Helper()
	table, err := passage.NewTable(200_000, window)
	if err != nil {
		h.t.Fatal(err)
	}
	table.Turn(time.Now().UnixMilli())
	conflicts, err := passage.NewConflicts(passage.ConflictsConfig{Window: window})
	if err != nil {
		h.t.Fatal(err)
	}
	g := &gateway{harness: h, id: id, table: table, conflicts: conflicts}
	core, lines := observer.New(zap.InfoLevel)
	g.lines = lines
	c := Config{Gateway: id, Key: privateKey(id), Gateways: &h.announced, Ready: func() bool { return true },
		Kafka:      kafka.Config{Brokers: h.addresses, Topic: h.topic, ClientID: fmt.Sprintf("gateway-%d", id)},
		Partitions: partitions, Window: window, Queue: 1000, Table: g, Conflicts: g.conflicts, Now: time.Now, Log: zap.New(core)}
	if change != nil {
		change(&c)
	}
	if g.Exchange, err = New(c); err != nil {
		h.t.Fatal(err)
	}
	open := func() (*link, error) {
		l, err := kafka.Open(c.Kafka)
		return &link{l, g}, err
	}
	g.Writer.open = func() (Link, error) { return open() }
	g.Follower = stream.NewWindow(func() (stream.Link, error) { return open() }, h.topic, g.Reader, c.Now, c.Log)
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); g.Run(ctx) }()
	g.stop = func() { cancel(); <-done }
	h.t.Cleanup(g.stop)
	return g
}

func (g *gateway) await(what string, cond func() bool) {
	g.t.Helper()
	runtest.Eventually(g.t, testTimeout, fmt.Sprintf("gateway %d: %s", g.id, what), cond)
}

func (g *gateway) reach() passage.Reach { return g.Reach(time.Now().UnixMilli()) }
func (g *gateway) isExact() bool        { return g.reach() == passage.Exact }
func (g *gateway) isLocal() bool        { return g.reach() == passage.Local }

// newSerial returns a serial of no passage yet.
func (h *harness) newSerial() tokens.Serial {
	h.serials++
	return tokens.Serial{Day: h.day, Index: h.serials}
}

// scan is a scan of a code at this gateway's gate: an admitted one is recorded, as a gateway does.
func (g *gateway) scan(serial tokens.Serial) passage.Outcome {
	g.t.Helper()
	p := g.passageOf(serial)
	a := passage.Attempt{Serial: serial, Step: p.Step, Way: p.Way, At: p.At, Place: passage.PlaceOf(p.Station, p.Device), Window: window.Milliseconds()}
	o := g.table.Attempt(&a, nil).Outcome
	if o == passage.Admitted && !g.Record(&p) {
		g.t.Error("the queue is full")
	}
	return o
}

func (g *gateway) passageOf(serial tokens.Serial) passage.Passage {
	return passage.Passage{Serial: serial, Start: time.Now().Unix(), At: time.Now().UnixMilli(), ErrorMS: 5,
		Station: fmt.Sprintf("站 %d", g.id), Device: fmt.Sprintf("gate-%d", g.id), Gateway: g.id}
}

// Merge implements [Table]: it remembers what was merged, because an attempt that asks would pass itself.
func (g *gateway) Merge(p *passage.Passage) {
	g.table.Merge(p)
	g.merged.Store(p.Serial, true)
}

// knows reports whether a passage elsewhere was merged.
func (g *gateway) knows(serial tokens.Serial) bool {
	_, ok := g.merged.Load(serial)
	return ok
}

// refuses asserts that a code is refused here.
func (g *gateway) refuses(serial tokens.Serial) {
	g.t.Helper()
	p := g.passageOf(serial)
	a := passage.Attempt{Serial: serial, Step: p.Step, Way: p.Way, At: p.At, Place: passage.PlaceOf(p.Station, "another gate"), Window: window.Milliseconds()}
	if o := g.table.Attempt(&a, nil).Outcome; o != passage.Used && o != passage.UsedElsewhere {
		g.t.Errorf("gateway %d: serial %v has the outcome %v, want a refusal", g.id, serial, o)
	}
}

// list returns the conflicts, a line each.
func (g *gateway) list() (lines []string) {
	for _, c := range g.conflicts.List() {
		lines = append(lines, fmt.Sprintf("%+v", c))
	}
	return lines
}

// refused returns how many messages were refused.
func (s *ReaderStats) refused() (n uint64) {
	for o, count := range s.Outcomes {
		if o := Outcome(o); o != Applied && o != Replayed {
			n += count
		}
	}
	return n
}

var nopLog = zap.NewNop()

// signature signs bytes with a gateway's key.
func signature(m []byte, by revocation.GatewayID) []byte { return ed25519.Sign(privateKey(by), m) }
