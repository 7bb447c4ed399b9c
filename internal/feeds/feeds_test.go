package feeds_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

// config returns settings with everything except needs.
func config(t *testing.T) feeds.Config {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	runtest.Must(t, err)
	control, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, time.Now().UnixMilli())
	runtest.Must(t, err)
	return feeds.Config{Station: "北京南", Identity: &feeds.Identity{Gateway: 7, Key: key}, Control: control, Authority: revocationtest.Pinned(),
		Passages: feeds.Passages{Topic: "passages", Partitions: 2, Entries: 100, ClockError: time.Second, UploadError: 2 * time.Second},
		Bookings: feeds.Bookings{Topic: "bookings", Partitions: 2},
		Kafka: func(topic string) kafka.Config {
			return kafka.Config{Brokers: []string{"127.0.0.1:1"}, Topic: topic, ClientID: "test"}
		},
		Now: time.Now, Log: zap.NewNop()}
}

// A gateway gets exactly the parts that its devices need, and the metrics of those.
func TestPartsFollowFromNeeds(t *testing.T) {
	for _, c := range []struct {
		name                       string
		change                     func(c *feeds.Config)
		table, exchanged, bookings bool
	}{
		{"nothing", func(c *feeds.Config) {}, false, false, false},
		{"second use", func(c *feeds.Config) { c.Needs.Window = time.Hour }, true, true, false},
		{"second use without an identity", func(c *feeds.Config) { c.Needs.Window, c.Identity = time.Hour, nil }, true, false, false},
		{"tickets", func(c *feeds.Config) { c.Needs.Tickets = true }, false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := config(t)
			c.change(&settings)
			f, err := feeds.New(settings)
			runtest.Must(t, err)
			var g gateway.Config
			f.Connect(&g)
			if got := g.Passages.Table != nil; got != c.table {
				t.Errorf("a table of passages: %v", got)
			}
			if got := g.Passages.Record != nil && g.Passages.Reach != nil && g.Passages.Conflicts != nil; got != c.exchanged {
				t.Errorf("passages are exchanged: %v", got)
			}
			if got := g.Bookings.Table != nil && g.Bookings.Replica != nil; got != c.bookings {
				t.Errorf("bookings: %v", got)
			}
			if g.Station != settings.Station || (g.Signer != nil) != (settings.Identity != nil) {
				t.Errorf("station %q, signer %v", g.Station, g.Signer)
			}
			names := map[string]bool{}
			registry := prometheus.NewPedanticRegistry()
			runtest.Must(t, registry.Register(feeds.Metrics{Feeds: f}))
			families, err := registry.Gather()
			runtest.Must(t, err)
			for _, family := range families {
				names[family.GetName()] = true
			}
			if names["railgate_passage_conflicts"] != c.exchanged || names["railgate_topic_failing_seconds"] != (c.exchanged || c.bookings) {
				t.Errorf("metrics %v", names)
			}
		})
	}
}

// A gateway without other gateways does not know its own passages from before its start, until they do not count any
// more.
func TestReachOfAGatewayAlone(t *testing.T) {
	settings := config(t)
	started := time.Now()
	settings.Needs.Window, settings.Identity, settings.Now = time.Hour, nil, func() time.Time { return started }
	f, err := feeds.New(settings)
	runtest.Must(t, err)
	var g gateway.Config
	f.Connect(&g)
	for after, want := range map[time.Duration]passage.Reach{0: passage.Unknown, time.Hour - time.Millisecond: passage.Unknown, time.Hour: passage.Local} {
		if got := g.Passages.Reach(started.Add(after).UnixMilli()); got != want {
			t.Errorf("%v after the start: %s, want %s", after, got, want)
		}
	}
}

func TestFaultsOfSettings(t *testing.T) {
	for name, change := range map[string]func(c *feeds.Config){
		"bookings without a station":   func(c *feeds.Config) { c.Needs.Tickets, c.Station = true, "" },
		"a table without room":         func(c *feeds.Config) { c.Needs.Window, c.Passages.Entries = time.Hour, 0 },
		"passages without a partition": func(c *feeds.Config) { c.Needs.Window, c.Passages.Partitions = time.Hour, 0 },
		"bookings without a partition": func(c *feeds.Config) { c.Needs.Tickets, c.Bookings.Partitions = true, 0 },
	} {
		settings := config(t)
		change(&settings)
		if _, err := feeds.New(settings); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
