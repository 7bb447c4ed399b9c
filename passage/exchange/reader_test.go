package exchange

import (
	"maps"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// local is a reader of messages that a test makes, without Kafka.
type local struct {
	*Reader
	t         *testing.T
	announced announced
	now       int64 // Unix ms
	merged    map[tokens.Serial]int
	sequence  uint64
}

func newLocal(t *testing.T) *local {
	l := &local{t: t, announced: announced{keys: map[revocation.GatewayID]revocation.GatewayKey{}}, now: 1_770_681_600_000, merged: map[tokens.Serial]int{}}
	l.announced.set(1, publicKey(1))
	l.Reader = NewReader(ReaderConfig{Gateways: &l.announced, Partitions: partitions, Window: window, Table: l, Now: func() time.Time { return time.UnixMilli(l.now) }})
	return l
}

func (l *local) Merge(p *passage.Passage) { l.merged[p.Serial]++ }

// batch is the next batch of gateway 1, with one passage of partition 0.
func (l *local) batch() *passage.Batch {
	l.sequence++
	return &passage.Batch{Gateway: 1, Session: l.now - 1000, Sequence: l.sequence, Issued: l.now, Passages: []passage.Passage{
		{Serial: tokens.Serial{Day: 20495, Index: uint32(l.sequence) * partitions}, Start: l.now / 1000, At: l.now - 3, Station: "北京南", Device: "gate-1"}}}
}

func seal(t *testing.T, b *passage.Batch, by revocation.GatewayID) []byte {
	t.Helper()
	m, err := b.Seal(privateKey(by))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Bad messages are counted under their reason and never applied; the batch that follows them is.
func TestBadMessagesAreCountedAndNeverApplied(t *testing.T) {
	for want, message := range map[string]func(l *local) (partition int, raw []byte){
		"form":      func(l *local) (int, []byte) { return 0, []byte("not a batch") },
		"signature": func(l *local) (int, []byte) { return 0, seal(l.t, l.batch(), 2) },
		"future": func(l *local) (int, []byte) {
			b := l.batch()
			b.Issued += revocation.MaxSkew.Milliseconds() + 1
			return 0, seal(l.t, b, 1)
		},
		"withdrawn": func(l *local) (int, []byte) {
			raw := seal(l.t, l.batch(), 1)
			key := publicKey(1)
			key.Cutoff = l.now / 1000
			l.announced.set(1, key)
			return 0, raw
		},
		"newer_version": func(l *local) (int, []byte) {
			raw := seal(l.t, l.batch(), 1)
			return 0, resign(raw, func(m []byte) { m[3] = '2' })
		},
		"wrong_partition": func(l *local) (int, []byte) { return 1, seal(l.t, l.batch(), 1) },
		"replayed": func(l *local) (int, []byte) {
			raw := seal(l.t, l.batch(), 1)
			l.ApplyAll(0, [][]byte{raw}, l.now)
			clear(l.merged)
			return 0, raw
		},
		"foreign": func(l *local) (int, []byte) {
			b := l.batch()
			b.Gateway = 9
			l.ApplyAll(0, [][]byte{seal(l.t, b, 9)}, l.now)
			l.now += foreignFor.Milliseconds() // it waited for an announcement
			return 0, nil
		},
	} {
		t.Run(want, func(t *testing.T) {
			l := newLocal(t)
			partition, raw := message(l)
			var messages [][]byte
			if raw != nil {
				messages = append(messages, raw)
			}
			l.ApplyAll(partition, messages, l.now)
			if len(l.merged) != 0 {
				t.Errorf("merged %v", l.merged)
			}
			got := map[string]uint64{}
			for o, n := range l.Stats().Outcomes {
				if o := Outcome(o); n > 0 && o != Applied {
					got[o.String()] = n
				}
			}
			if !maps.Equal(got, map[string]uint64{want: 1}) {
				t.Errorf("counted %v", got)
			}
			l.announced.set(1, publicKey(1))
			l.ApplyAll(0, [][]byte{seal(t, l.batch(), 1)}, l.now)
			if len(l.merged) != 1 {
				t.Errorf("the next batch: merged %v", l.merged)
			}
		})
	}
}

// resign changes a message of gateway 1 and signs it again.
func resign(raw []byte, change func([]byte)) []byte {
	m := raw[:len(raw)-64]
	change(m)
	return append(m, signature(m, 1)...)
}

// A batch that has a passage of another partition is refused whole: in that partition, other passages of the
// serial would be in another order.
func TestPassageOfAnotherPartitionIsRefused(t *testing.T) {
	l := newLocal(t)
	b := l.batch()
	stray := b.Passages[0]
	stray.Serial.Index++
	b.Passages = append(b.Passages, stray)
	l.ApplyAll(0, [][]byte{seal(t, b, 1)}, l.now)
	if n := l.Stats().Outcomes[WrongPartition]; n != 1 || len(l.merged) != 0 {
		t.Errorf("%d refused, merged %v", n, l.merged)
	}
}

// The announcement of a gateway and its first passages come on two topics: the passages wait for a while.
func TestPassagesWaitForTheAnnouncement(t *testing.T) {
	l := newLocal(t)
	for range maxForeign + 1 {
		b := l.batch()
		b.Gateway = 2
		l.ApplyAll(0, [][]byte{seal(t, b, 2)}, l.now)
	}
	if n := l.Stats().Outcomes[foreign]; n != 1 {
		t.Errorf("%d are refused at once, want the one for which there is no room", n)
	}
	l.announced.set(2, publicKey(2))
	l.now += 100
	l.ApplyAll(0, nil, l.now)
	if len(l.merged) != maxForeign || l.Stats().Passages != maxForeign {
		t.Errorf("%d of %d were merged after the announcement", len(l.merged), maxForeign)
	}
}

// The table knows the passages of this session already; those of an earlier session of this gateway it does not.
func TestOwnPassages(t *testing.T) {
	l := newLocal(t)
	l.Own, l.Session = 1, l.now-1000
	l.ApplyAll(0, [][]byte{seal(t, l.batch(), 1)}, l.now)
	if len(l.merged) != 0 {
		t.Error("a passage of this session was merged")
	}
	b := l.batch()
	b.Session -= 5000
	l.ApplyAll(0, [][]byte{seal(t, b, 1)}, l.now)
	if len(l.merged) != 1 {
		t.Error("a passage of an earlier session was not merged")
	}
}

// The reach needs all partitions, and a clock that was set back does not make old data new.
func TestReachNeedsEveryPartition(t *testing.T) {
	l := newLocal(t)
	expect := func(want passage.Reach, when string) {
		t.Helper()
		if got := l.reach(l.now); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	expect(passage.Unknown, "at first")
	for p := range partitions {
		expect(passage.Unknown, "before a partition was read")
		l.SetTargetOffset(p, 10)
		l.SetPosition(p, 9)
		l.Reached(p, l.now)
		expect(passage.Unknown, "before the target offset")
		l.SetPosition(p, 10)
	}
	expect(passage.Exact, "all partitions read")
	l.now += silentAfter.Milliseconds() + 1
	for p := range partitions {
		expect(passage.Local, "while a partition is silent")
		l.Reached(p, l.now)
	}
	expect(passage.Exact, "all partitions heard")
	l.now -= time.Hour.Milliseconds()
	expect(passage.Local, "after the clock was set back")
	for p := range partitions {
		l.Reached(p, l.now)
	}
	expect(passage.Exact, "by the corrected clock")
	l.StartOver(1)
	expect(passage.Unknown, "while a partition is read again")
	l.SetTargetOffset(1, 3)
	l.SetPosition(1, 3)
	l.Reached(1, l.now)
	expect(passage.Exact, "read again")
}

func TestHotPathAllocatesNothing(t *testing.T) {
	c := Config{Gateway: 1, Key: privateKey(1), Gateways: &announced{}, Ready: func() bool { return true }, Partitions: partitions, Window: window, Queue: 1 << 14, Now: time.Now, Log: nopLog}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p := passage.Passage{Station: "北京南", Device: "gate-1"}
	for what, f := range map[string]func(){
		"Record": func() { e.Record(&p) },
		"Reach":  func() { e.Reach(1_770_681_600_000) },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}
