package exchange

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// A passage at one gateway refuses the code at all others, and every scan knows what it knows.
func TestPassageAtOneGatewayIsRefusedAtTheOthers(t *testing.T) {
	h := newHarness(t)
	a, b, c := h.start(1), h.start(2), h.start(3)
	var serials []tokens.Serial
	for i := range 60 {
		serial := h.newSerial()
		serials = append(serials, serial)
		if g := []*gateway{a, b, c}[i%3]; g.scan(serial) != passage.Admitted {
			t.Fatalf("gateway %d does not admit a new code", g.id)
		}
	}
	for i, serial := range serials {
		for j, g := range []*gateway{a, b, c} {
			if i%3 != j {
				g.await("a passage elsewhere", func() bool { return g.knows(serial) })
			}
			g.refuses(serial)
		}
	}
	for _, g := range []*gateway{a, b, c} {
		if !g.isExact() {
			t.Errorf("gateway %d: %s", g.id, g.reach())
		}
		g.await("its own passages", func() bool { return g.Reader.Stats().Passages >= 60 })
		s := g.Reader.Stats()
		if s.Outcomes[Applied] == 0 || s.Passages != 60 || s.Ledger.Missing != 0 {
			t.Errorf("gateway %d: %+v", g.id, s)
		}
		if _, n := s.Delay.Cumulative(); n != 40 {
			t.Errorf("gateway %d: the delay of %d passages was measured, want the 40 of others", g.id, n)
		}
	}
}

// A gateway that starts reads the passages of the last window first. Before that its reach is unknown.
func TestStartingGatewayKnowsTheLastWindow(t *testing.T) {
	h := newHarness(t)
	a := h.start(1)
	var serials []tokens.Serial
	for range 500 {
		serials = append(serials, h.newSerial())
		a.scan(serials[len(serials)-1])
	}
	a.await("all are acknowledged", func() bool { return a.Writer.Stats().Passages == 500 })
	h.announced.set(2, publicKey(2))
	ready := make(chan struct{})
	b := h.begin(2, func(c *Config) {
		c.Ready = func() bool {
			select {
			case <-ready:
				return true
			default:
				return false
			}
		}
	})
	time.Sleep(3 * announcedEvery)
	if got := b.reach(); got != passage.Unknown {
		t.Errorf("before the control topic was read: %s", got)
	}
	close(ready)
	b.await("exact", b.isExact)
	for _, serial := range serials {
		b.refuses(serial)
	}

	// A restarted gateway does not know its own passages either, until it has read them.
	a.stop()
	a = h.start(1)
	for _, serial := range serials {
		a.refuses(serial)
	}
}

// While a gateway is cut off its reach is local, and one code may pass once there. When the network heals, all
// sides come to the same list of conflicts, whichever passage arrived first.
func TestHealedPartitionLeadsToEqualConflicts(t *testing.T) {
	h := newHarness(t)
	a, b := h.start(1), h.start(2)
	a.cut.Store(true)
	a.await("local", a.isLocal)
	if !b.isExact() {
		t.Errorf("the connected side: %s", b.reach())
	}
	var twice []tokens.Serial
	for range 40 {
		serial := h.newSerial()
		twice = append(twice, serial)
		first, second := a, b
		if len(twice)%2 == 0 {
			first, second = b, a
		}
		for _, g := range []*gateway{first, second} {
			if g.scan(serial) != passage.Admitted {
				t.Errorf("gateway %d does not admit what it cannot know to be used", g.id)
			}
		}
		a.refuses(serial) // again at the same side
		b.refuses(serial)
	}
	a.cut.Store(false)
	for _, g := range []*gateway{a, b} {
		g.await("exact", g.isExact)
		g.await("all conflicts", func() bool { return len(g.list()) == len(twice) })
	}
	late := h.start(3) // has them from the topic alone
	late.await("all conflicts", func() bool { return len(late.list()) == len(twice) })
	want := a.list()
	if len(want) != len(twice) {
		t.Fatalf("%d conflicts of %d double entries", len(want), len(twice))
	}
	for _, g := range []*gateway{b, late} {
		if got := g.list(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("gateway %d has another list:\n%s\nwant\n%s", g.id, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Brokers may store a batch and not be heard. It is sent again under its number, and does no harm.
func TestLostAcknowledgementsDoNoHarm(t *testing.T) {
	h := newHarness(t)
	a, b := h.start(1), h.start(2)
	a.lostAcks.Store(3)
	serial := h.newSerial()
	a.scan(serial)
	b.await("the passage", func() bool { return b.knows(serial) })
	a.await("acknowledged", func() bool { return a.Writer.Stats().Passages == 1 })
	b.await("repetitions", func() bool { return b.Reader.Stats().Outcomes[Replayed] == 3 })
	if s := b.Reader.Stats(); s.Passages != 1 || s.Ledger.Missing != 0 || len(b.list()) != 0 {
		t.Errorf("%+v, %d conflicts", s, len(b.list()))
	}
	if s := a.Writer.Stats(); s.Batches != 1 || s.Failures != 3 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
	b.refuses(serial)
}

// A process that ends between the brokers' storing and their answer has told its passages. One that is asked to
// end sends what waits.
func TestEndOfAGateway(t *testing.T) {
	h := newHarness(t)
	a, b := h.start(1), h.start(2)
	a.lostAcks.Store(1 << 30)
	serial := h.newSerial()
	a.scan(serial)
	b.await("the passage", func() bool { return b.knows(serial) })
	began := time.Now()
	a.stop()
	if took := time.Since(began); took > flushFor+produceTimeout {
		t.Errorf("the end took %v", took)
	}
	a = h.start(1)
	a.refuses(serial)

	var serials []tokens.Serial
	for range 300 {
		serials = append(serials, h.newSerial())
		a.scan(serials[len(serials)-1])
	}
	a.stop()
	for _, serial := range serials {
		b.await("what waited at the end", func() bool { return b.knows(serial) })
	}
	if s := a.Writer.Stats(); s.Passages != 300 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// A full queue refuses passages and counts them; the reach is local for a window.
func TestFullQueueIsReported(t *testing.T) {
	h := newHarness(t)
	a := h.start(1)
	a.cut.Store(true)
	accepted := 0
	for ; accepted < 10_000; accepted++ {
		p := a.passageOf(h.newSerial())
		if !a.Record(&p) {
			break
		}
	}
	// 1000 for three partitions are rounded up to 512 each; batches in progress have left their queues.
	if most := partitions * (512 + passage.AlwaysFit); accepted < partitions*512-2 || accepted > most {
		t.Errorf("%d passages were accepted", accepted)
	}
	if n := a.Writer.Stats().Full; n != 1 {
		t.Errorf("%d are counted as not accepted, want 1", n)
	}
	a.cut.Store(false)
	a.await("all are acknowledged", func() bool { return a.Writer.Stats().Passages == uint64(accepted) })
	now := time.Now().UnixMilli()
	if got := a.Reach(now); got != passage.Local {
		t.Errorf("%s although others do not know a passage", got)
	}
	later := now + window.Milliseconds() + 1000
	a.await("exact after a window", func() bool {
		for p := range partitions { // as if reading had gone on until then
			a.Reader.Reached(p, later)
		}
		return a.Reach(later) == passage.Exact
	})
}

func TestReachFollowsTheStream(t *testing.T) {
	h := newHarness(t)
	a := h.start(1)
	a.cut.Store(true)
	began := time.Now()
	a.await("local", a.isLocal)
	if took := time.Since(began); took < silentAfter-time.Second || took > 2*silentAfter {
		t.Errorf("local after %v, want about %v", took, silentAfter)
	}
	a.await("a line about the outage", func() bool { return a.lines.FilterMessage("reading the topic fails; trying again").Len() == 1 })
	a.cut.Store(false)
	a.await("exact again", a.isExact)
	a.await("the end of the outage is logged", func() bool {
		p := a.passageOf(h.newSerial())
		a.Record(&p)
		return a.lines.FilterMessage("reading the topic works again").Len() == 1
	})
	if n := a.lines.FilterMessage("reading the topic fails; trying again").Len(); n != 1 {
		t.Errorf("%d lines about the outage, want one", n)
	}
}

// A missing topic is logged and leaves the reach unknown; nothing ends.
func TestMissingTopicIsSurvived(t *testing.T) {
	h := newHarness(t)
	h.topic += ".missing"
	h.announced.set(1, publicKey(1))
	a := h.begin(1, nil)
	a.await("a log line", func() bool {
		return a.lines.FilterMessage("the topic has a fault: correct its settings").Len() == 1
	})
	if got := a.reach(); got != passage.Unknown {
		t.Errorf("%s", got)
	}
	serial := h.newSerial()
	a.scan(serial) // waits in the queue
	h.create(1)
	a.await("exact", a.isExact)
	a.await("acknowledged", func() bool { return a.Writer.Stats().Passages == 1 })
}

// Other gateways would refuse an unannounced gateway: it logs that, keeps its passages, and is local.
func TestUnannouncedGatewayWaits(t *testing.T) {
	h := newHarness(t)
	b := h.start(2)
	a := h.begin(1, nil)
	a.await("local", a.isLocal)
	serial := h.newSerial()
	a.scan(serial)
	a.await("a line about no key", func() bool { return a.lines.FilterMessageSnippet("has not announced its key").Len() == 1 })
	h.announced.set(1, publicKey(2))
	a.await("a line about the other key", func() bool { return a.lines.FilterMessageSnippet("another key").Len() == 1 })
	h.announced.set(1, publicKey(1))
	a.await("exact", a.isExact)
	b.await("the passage", func() bool { return b.knows(serial) })
	key := publicKey(1)
	key.Cutoff = time.Now().Unix()
	h.announced.set(1, key)
	a.await("local", a.isLocal)
	a.await("a line about the withdrawal", func() bool { return a.lines.FilterMessageSnippet("has withdrawn its key").Len() == 1 })
}

// Nothing is left of a gateway that has ended, whether its brokers answer or not.
func TestNothingIsLeftAfterTheEnd(t *testing.T) {
	h := newHarness(t)
	before := runtime.NumGoroutine()
	for _, cut := range []bool{false, true} {
		g := h.start(1)
		g.cut.Store(cut)
		for range 10 {
			g.scan(h.newSerial())
		}
		began := time.Now()
		g.stop()
		if took := time.Since(began); took > flushFor+produceTimeout {
			t.Errorf("cut off %v: the end took %v", cut, took)
		}
	}
	runtest.Eventually(t, testTimeout, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before+2 })
}

func TestConfigurationFaults(t *testing.T) {
	good := Config{Partitions: 3, Window: window, Key: privateKey(1), Now: time.Now}
	for want, change := range map[string]func(*Config){
		"0 partitions":       func(c *Config) { c.Partitions = 0 },
		"65 partitions":      func(c *Config) { c.Partitions = 65 },
		"not an Ed25519 key": func(c *Config) { c.Key = c.Key[:31] },
		"a window of 1s":     func(c *Config) { c.Window = time.Second },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
