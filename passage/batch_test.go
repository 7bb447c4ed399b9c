package passage_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const now = 1770681600_000 // Unix ms

// keys are the keys of test gateways; a missing cutoff is tokens.Never.
type keys map[revocation.GatewayID]int64

func (k keys) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	cutoff, known := k[id]
	_, announced := revocationtest.Gateway(id)
	if cutoff == 0 {
		cutoff = tokens.Never
	}
	return revocation.GatewayKey{Public: announced.Public, Cutoff: cutoff}, known
}

func sample() *passage.Batch {
	serial := tokens.Serial{Day: 20494, Index: 1042}
	p := passage.Passage{Serial: serial, Start: now/1000 - 600, Step: 9, At: now - 40, ErrorMS: 500, Station: "北京南", Device: "gate-7", Gateway: 7}
	q := p
	q.Way, q.State, q.At, q.Device, q.Upload = passage.Out, passage.Held, now-86400_000, "handheld-3", 0xfeed
	return &passage.Batch{Gateway: 7, Partition: 3, Session: now - 5000, Sequence: 12, Issued: now, Passages: []passage.Passage{p, q, p}}
}

func seal(t testing.TB, b *passage.Batch) []byte {
	t.Helper()
	private, _ := revocationtest.Gateway(b.Gateway)
	raw, err := b.Seal(private)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBatchRoundTrip(t *testing.T) {
	b := sample()
	raw := seal(t, b)
	if want := 36 + (1 + 9 + 1 + 6 + 1 + 9 + 1 + 10) + 2*19 + 27 + 64; len(raw) != want {
		t.Errorf("%d bytes, want %d", len(raw), want)
	}
	got, err := passage.Open(raw, keys{7: 0}, now)
	if err != nil {
		t.Fatal(err)
	}
	if got.Gateway != b.Gateway || got.Partition != b.Partition || got.Session != b.Session || got.Sequence != b.Sequence || got.Issued != b.Issued {
		t.Errorf("%+v", got)
	}
	for i, p := range got.Passages {
		if p != b.Passages[i] {
			t.Errorf("passage %d: %+v, want %+v", i, p, b.Passages[i])
		}
	}
	if again := seal(t, got); !bytes.Equal(again, raw) {
		t.Error("encoded again, the batch has other bytes")
	}
}

// The format's bounds are also those of the encoder.
func TestEncodeRefuses(t *testing.T) {
	change := func(f func(b *passage.Batch, p *passage.Passage)) *passage.Batch {
		b := sample()
		f(b, &b.Passages[1])
		return b
	}
	for name, b := range map[string]*passage.Batch{
		"empty":      change(func(b *passage.Batch, _ *passage.Passage) { b.Passages = nil }),
		"too many":   change(func(b *passage.Batch, p *passage.Passage) { b.Passages = make([]passage.Passage, 1025) }),
		"sequence 0": change(func(b *passage.Batch, _ *passage.Passage) { b.Sequence = 0 }),
		"session":    change(func(b *passage.Batch, _ *passage.Passage) { b.Session = -1 }),
		"issued":     change(func(b *passage.Batch, _ *passage.Passage) { b.Issued = -1 }),
		"way":        change(func(_ *passage.Batch, p *passage.Passage) { p.Way = 2 }),
		"state":      change(func(_ *passage.Batch, p *passage.Passage) { p.State = 3 }),
		"step":       change(func(_ *passage.Batch, p *passage.Passage) { p.Step = 30 }),
		"start":      change(func(_ *passage.Batch, p *passage.Passage) { p.Start = 1 << 32 }),
		"long name":  change(func(_ *passage.Batch, p *passage.Passage) { p.Station = strings.Repeat("s", 65) }),
		"not UTF-8":  change(func(_ *passage.Batch, p *passage.Passage) { p.Device = "\xff" }),
		"control":    change(func(_ *passage.Batch, p *passage.Passage) { p.Device = "a\x1bb" }),
		"no device":  change(func(_ *passage.Batch, p *passage.Passage) { p.Device = "" }),
		"future":     change(func(_ *passage.Batch, p *passage.Passage) { p.At = now + 5001 }),
		"25 days":    change(func(_ *passage.Batch, p *passage.Passage) { p.At = now - math.MaxInt32 - 1 }),
		"64 KiB":     many(passage.MaxPassages, 64),
	} {
		if _, err := b.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	if _, err := sample().Seal(make(ed25519.PrivateKey, 63)); err == nil {
		t.Error("sealed with a key of 63 bytes")
	}
	raw, err := many(passage.AlwaysFit, passage.MaxName).Encode()
	if err != nil || len(raw)+64 > passage.MaxBatch {
		t.Errorf("AlwaysFit does not fit: %d bytes, %v", len(raw), err)
	}
	if raw, err = many(passage.MaxPassages, 12).Encode(); err != nil || len(raw) > passage.MaxBatch {
		t.Errorf("MaxPassages with short names do not fit: %v", err)
	}
}

// many returns a batch of n uploads of different devices, with names of the given length.
func many(n, length int) *passage.Batch {
	b := sample()
	p := b.Passages[1]
	b.Passages = nil
	for i := range n {
		name := binary.BigEndian.AppendUint32(nil, 0)
		for j := range name {
			name[j] = 'a' + byte(i>>(4*j)&15)
		}
		p.Device = string(name) + strings.Repeat("d", length-4)
		p.Station = strings.Repeat("s", length)
		b.Passages = append(b.Passages, p)
	}
	return b
}

// A message that was changed in any bit, cut or extended is refused.
func TestDamagedBatches(t *testing.T) {
	raw := seal(t, sample())
	known := keys{7: 0, 6: 0, 5: 0, 3: 0}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if _, err := passage.Open(raw, known, now); err == nil {
				t.Fatalf("bit %d of byte %d: accepted", bit, i)
			}
			raw[i] ^= 1 << bit
		}
		if _, err := passage.Open(raw[:i], known, now); err == nil {
			t.Fatalf("cut to %d bytes: accepted", i)
		}
	}
	if _, err := passage.Open(append(bytes.Clone(raw), 0), known, now); err == nil {
		t.Error("extended: accepted")
	}
}

func TestRefusals(t *testing.T) {
	raw := seal(t, sample())
	private, _ := revocationtest.Gateway(7)
	newer := append([]byte("RGP2"), raw[4:80]...)
	newer = append(newer, ed25519.Sign(private, newer)...)
	forged := bytes.Clone(raw)
	forged[len(forged)-1] ^= 1
	newerForged := bytes.Clone(newer)
	newerForged[50] ^= 1
	for _, c := range []struct {
		name string
		raw  []byte
		keys keys
		now  int64
		want error
	}{
		{"genuine", raw, keys{7: 0}, now, nil},
		{"5 s ahead", raw, keys{7: 0}, now - 5000, nil},
		{"5.001 s ahead", raw, keys{7: 0}, now - 5001, passage.ErrFuture},
		{"unknown gateway", raw, keys{8: 0}, now, passage.ErrForeign},
		{"withdrawn later", raw, keys{7: now/1000 + 1}, now, nil},
		{"withdrawn", raw, keys{7: now / 1000}, now, passage.ErrWithdrawn},
		{"forged", forged, keys{7: 0}, now, passage.ErrSignature},
		{"newer", newer, keys{7: 0}, now, passage.ErrNewer},
		{"newer, forged", newerForged, keys{7: 0}, now, passage.ErrSignature},
		{"control batch", append([]byte("RGC1"), raw[4:]...), keys{7: 0}, now, passage.ErrForm},
		{"long", make([]byte, passage.MaxBatch+1), keys{7: 0}, now, passage.ErrForm},
	} {
		if _, err := passage.Open(c.raw, c.keys, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestLedger(t *testing.T) {
	l := passage.NewLedger()
	add := func(session int64, sequence uint64, fresh bool) {
		t.Helper()
		b := sample()
		b.Session, b.Sequence = session, sequence
		if got := l.Add(b); got != fresh {
			t.Errorf("session %d, sequence %d: fresh %v", session, sequence, got)
		}
	}
	add(1, 12, true)
	add(1, 12, false)
	add(1, 15, true)
	add(1, 13, true)
	add(1, 13, false)
	add(1, 11, true) // before the first
	add(2, 12, true)
	if s := l.Stats(); s != (passage.LedgerStats{Sessions: 2, Replayed: 2, Missing: 1}) {
		t.Errorf("%+v", s)
	}
	add(1, 15+300, true)
	add(1, 15+44, false) // too old to be known
	add(1, 15+45, true)
	add(1, 15+299, true)
	add(1, 15+300, false)
	if s := l.Stats(); s != (passage.LedgerStats{Sessions: 2, Replayed: 4, Missing: 1 + 299 - 2}) {
		t.Errorf("%+v", s)
	}
	l.Forget(now)
	if s := l.Stats(); s.Sessions != 2 {
		t.Errorf("%+v", s)
	}
	l.Forget(now + 1)
	if s := l.Stats(); s.Sessions != 0 {
		t.Errorf("%+v", s)
	}
	for i := range int64(passage.MaxSessions) {
		add(10+i, 1, true)
	}
	add(5, 1, true)
	add(5, 1, true)
	if s := l.Stats(); s.Sessions != passage.MaxSessions || s.Untracked != 2 {
		t.Errorf("%+v", s)
	}
}

// The ledger agrees with a set of all numbers as long as they are recent.
func TestLedgerAgainstSet(t *testing.T) {
	l, seen, newest := passage.NewLedger(), map[uint64]bool{}, uint64(1000)
	b := sample()
	for i := range uint64(20_000) {
		b.Sequence = newest - (i*7919)%250 + (i*104729)%13
		if got := l.Add(b); got == seen[b.Sequence] {
			t.Fatalf("%d: fresh %v", b.Sequence, got)
		}
		seen[b.Sequence] = true
		newest = max(newest, b.Sequence)
	}
}
