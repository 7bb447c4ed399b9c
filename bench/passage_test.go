package bench

import (
	"crypto/ed25519"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const (
	// passageCount is the size of the tables: two windows of a whole network.
	passageCount  = 4_000_000
	passageWindow = passage.CodeLife * time.Millisecond
	passageMS     = now * 1000
)

// plainPassages is the passages in a map behind a mutex. It knows one window and one rule, and is never cleared.
type plainPassages struct {
	mu   sync.Mutex
	last map[plainUse]plainPassed
}

type plainUse struct {
	serial tokens.Serial
	way    passage.Way
}

type plainPassed struct {
	at    int64
	place passage.Place
	step  uint8
}

// attempt reports whether the code may pass, and records it.
func (p *plainPassages) attempt(a *passage.Attempt) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	use := plainUse{a.Serial, a.Way}
	if before, known := p.last[use]; known && a.At-before.at < a.Window {
		return before.place == a.Place && before.step == a.Step && a.At-before.at < passage.RepeatFor
	}
	p.last[use] = plainPassed{a.At, a.Place, a.Step}
	return true
}

// merge records a passage of another gateway.
func (p *plainPassages) merge(m *passage.Passage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	use := plainUse{m.Serial, m.Way}
	if before, known := p.last[use]; !known || before.at < m.At {
		p.last[use] = plainPassed{m.At, passage.PlaceOf(m.Station, m.Device), m.Step}
	}
}

func passedSerial(i int) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(now)), Index: uint32(i)}
}

func buildTable() *passage.Table {
	table, err := passage.NewTable(passageCount, passageWindow)
	if err != nil {
		panic(err)
	}
	table.Turn(passageMS - passageWindow.Milliseconds() - 20_000)
	a := passage.Attempt{Place: 1, At: passageMS - passageWindow.Milliseconds(), Window: passageWindow.Milliseconds()}
	for i := range passageCount {
		if i == passageCount/2 {
			a.At = passageMS
			table.Turn(a.At)
		}
		a.Serial = passedSerial(i)
		if table.Attempt(&a, nil).Outcome != passage.Admitted {
			panic("a new code was not admitted")
		}
	}
	return table
}

func buildPlainPassages() *plainPassages {
	p := &plainPassages{last: map[plainUse]plainPassed{}}
	a := passage.Attempt{Place: 1, At: passageMS, Window: passageWindow.Milliseconds()}
	for i := range passageCount {
		a.Serial = passedSerial(i)
		p.attempt(&a)
	}
	return p
}

// thePassages is both tables with four million passages, and serials in random order, half of which passed.
var thePassages = sync.OnceValue(func() (p struct {
	table   *passage.Table
	plain   *plainPassages
	serials []tokens.Serial
}) {
	p.table, p.plain = buildTable(), buildPlainPassages()
	random := rand.New(rand.NewPCG(7, 8))
	for range lookups {
		p.serials = append(p.serials, passedSerial(random.IntN(passageCount)))
	}
	return p
})

// BenchmarkPassageAttempt attempts with codes that passed just now, at another place: the table is far larger than
// the processor's second cache, and every answer is a refusal, so that the tables do not grow.
func BenchmarkPassageAttempt(b *testing.B) {
	p := thePassages()
	a := passage.Attempt{Place: 2, At: passageMS, Window: passageWindow.Milliseconds()}
	recent := p.serials[:0:0]
	for _, s := range p.serials {
		if s.Index >= passageCount/2 {
			recent = append(recent, s)
		}
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if a.Serial = recent[i%len(recent)]; p.table.Attempt(&a, nil).Outcome != passage.Used {
				b.Fatal("a second use was admitted")
			}
		}
	})
	b.Run("plain-map-mutex", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if a.Serial = recent[i%len(recent)]; p.plain.attempt(&a) {
				b.Fatal("a second use was admitted")
			}
		}
	})
}

// BenchmarkPassageMerge tells both tables passages that they have, as a gateway reads its own back.
func BenchmarkPassageMerge(b *testing.B) {
	p := thePassages()
	m := passage.Passage{At: passageMS - 1000, Station: "北京南", Device: "gate-7"}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Serial = p.serials[i%lookups]
			p.table.Merge(&m)
		}
	})
	b.Run("plain-map-mutex", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Serial = p.serials[i%lookups]
			p.plain.merge(&m)
		}
	})
}

// BenchmarkPassageBuild admits four million new codes one by one, and reports the heap size of the finished table.
func BenchmarkPassageBuild(b *testing.B) {
	b.Run("ours", func(b *testing.B) { benchmarkBuild(b, func() any { return buildTable() }) })
	b.Run("plain-map-mutex", func(b *testing.B) { benchmarkBuild(b, func() any { return buildPlainPassages() }) })
}

// BenchmarkPassageOpen opens a batch of one passage: the cost of a message for each of its readers, and the
// verification alone.
func BenchmarkPassageOpen(b *testing.B) {
	private, _ := revocationtest.Gateway(7)
	batch := passage.Batch{Gateway: 7, Session: passageMS, Sequence: 1, Issued: passageMS, Passages: []passage.Passage{
		{Serial: passedSerial(1), Start: now, At: passageMS, Station: "北京南", Device: "gate-7"}}}
	raw, err := batch.Seal(private)
	if err != nil {
		b.Fatal(err)
	}
	feed := revocationtest.NewFeed(passageMS)
	feed.Announce(passageMS, 7)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := passage.Open(raw, feed.Replica, passageMS); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain-verify", func(b *testing.B) {
		public, n := private.Public().(ed25519.PublicKey), len(raw)-ed25519.SignatureSize
		b.ReportAllocs()
		for b.Loop() {
			if !ed25519.Verify(public, raw[:n], raw[n:]) {
				b.Fatal("the signature does not verify")
			}
		}
	})
}

func TestPassageTablesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	table, err := passage.NewTable(10_000, passageWindow)
	if err != nil {
		t.Fatal(err)
	}
	plain := &plainPassages{last: map[plainUse]plainPassed{}}
	admitted := 0
	for i := range int64(20_000) {
		a := passage.Attempt{Serial: passedSerial(random.IntN(2000)), Step: uint8(random.IntN(2)), Way: passage.Way(random.IntN(2)),
			At: passageMS + i*100, Place: passage.Place(random.IntN(3)), Window: passageWindow.Milliseconds()}
		table.Turn(a.At)
		got := table.Attempt(&a, nil).Outcome
		ours := got == passage.Admitted || got == passage.Repeated
		if want := plain.attempt(&a); ours != want {
			t.Fatalf("%+v: ours %v, plain %v", a, ours, want)
		}
		if ours {
			admitted++
		}
	}
	if admitted < 2000 || admitted > 18_000 {
		t.Errorf("%d admitted of 20,000", admitted)
	}
}
