package keyring

import (
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	nowMs = database.Millis(tokentest.Epoch * 1000)
	seven = tokens.KeyID(7)
)

var public = publicKey(1)

// announceSeven announces key 7 and empties the outbox.
func (h *harness) announceSeven() {
	h.Helper()
	_, err := h.Publish(h.Context(), Public{seven, public}, nowMs)
	h.must(err)
	h.drain()
}

func (h *harness) takeRecords() publish.Pending { return issuerdb.TakeRecords(h, h.Outbox, 0, 1000) }

// drain publishes and returns all waiting records.
func (h *harness) drain() []revocation.Record { return issuerdb.Drain(h, h.Outbox, 0) }

func today(index uint32) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(nowMs.Seconds())), Index: index}
}

// publicKey is the public part of test key n.
func publicKey(n byte) [tokens.PublicKeySize]byte {
	return signing.NewKey([signing.SeedSize]byte{n}).Public()
}

// Exemptions precede the cutoff, a cutoff only ever moves to an earlier time, and a
// repetition publishes nothing.
func TestKeyIsDistrusted(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.announceSeven()
		at := nowMs.Seconds()
		over := today(1)
		over.Day -= 3
		for i, step := range []struct {
			cutoff   int64
			exempt   []tokens.Serial
			moved    bool
			exempted int
			says     string
		}{
			{at, []tokens.Serial{today(1), today(2), today(1), over}, true, 2, "exempt exempt retire_key"},
			{at, []tokens.Serial{today(1), today(2)}, false, 0, ""},
			{at + 1, nil, false, 0, ""},
			{at + 1, []tokens.Serial{today(3)}, false, 1, "exempt"},
			{at - 1, nil, true, 0, "retire_key"},
		} {
			moved, exempted, err := h.Distrust(t.Context(), Distrust{Key: seven, Cutoff: step.cutoff, Exempt: step.exempt, Who: "operator", At: nowMs + database.Millis(i)})
			if err != nil || moved != step.moved || exempted != step.exempted {
				t.Fatalf("step %d: moved %v, exempted %d, %v", i, moved, exempted, err)
			}
			if got := issuerdb.Kinds(h.drain()); got != step.says {
				t.Fatalf("step %d publishes %q, want %q", i, got, step.says)
			}
		}
		if cutoff, err := CutoffOf(t.Context(), h.db.Writer(), seven); err != nil || cutoff != at-1 {
			t.Fatalf("cutoff %d: %v", cutoff, err)
		}
		if cutoff, err := CutoffOf(t.Context(), h.db.Writer(), seven+1); err != nil || cutoff != tokens.Never {
			t.Fatalf("another key has cutoff %d: %v", cutoff, err)
		}
		var lines int
		if err := h.db.Writer().QueryRow(`SELECT COUNT(*) FROM audit WHERE action = 'distrust_key' AND who = 'operator' AND role = 'operator' AND object = '7'`).Scan(&lines); err != nil || lines != 3 {
			t.Fatalf("%d audit log entries, want one for each command that changed something: %v", lines, err)
		}
	})
}

func TestInvalidCutoffsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.announceSeven()
		for name, c := range map[string]struct {
			command Distrust
			want    error
		}{
			"a key never announced": {Distrust{Key: seven + 1, Cutoff: 1}, ErrUnknown},
			"no time":               {Distrust{Key: seven}, ErrCutoffTime},
			"beyond the wire":       {Distrust{Key: seven, Cutoff: 1 << 32}, ErrCutoffTime},
			"too many exempt":       {Distrust{Key: seven, Cutoff: 1, Exempt: many(MaxExempt + 1)}, ErrExempt},
		} {
			c.command.At = nowMs
			if _, _, err := h.Distrust(t.Context(), c.command); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := h.Waiting(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d records of refused commands wait: %v", n, err)
		}
	})
}

func many(n int) []tokens.Serial {
	all := make([]tokens.Serial, n)
	for i := range all {
		all[i] = today(uint32(i))
	}
	return all
}

// Exemptions beyond one statement's parameters are complete and in order.
func TestManyAreExemptedInOrder(t *testing.T) {
	const honest = 157 // three statements and a part
	each(t, func(t *testing.T, h *harness) {
		h.announceSeven()
		_, exempted, err := h.Distrust(t.Context(), Distrust{Key: seven, Cutoff: nowMs.Seconds(), Exempt: many(honest), Who: "operator", At: nowMs})
		if err != nil || exempted != honest {
			t.Fatalf("%d exempted: %v", exempted, err)
		}
		said := h.drain()
		if len(said) != honest+1 || said[honest].Kind != revocation.KindRetireKey {
			t.Fatalf("%d records, the last of kind %s", len(said), said[len(said)-1].Kind)
		}
		for i, r := range said[:honest] {
			if r.Kind != revocation.KindExempt || r.Serial != today(uint32(i)) || r.Key != seven {
				t.Fatalf("record %d is %+v", i, r)
			}
		}
	})
}

// A stolen key is distrusted on a busy day: exempting all honest passengers must take
// seconds.
func BenchmarkExempt100000(b *testing.B) {
	for b.Loop() {
		o, err := outbox.Open(b.Context(), outbox.Config{Database: filepath.Join(b.TempDir(), "issuer.db"), Partitions: 4})
		if err != nil {
			b.Fatal(err)
		}
		s, err := NewStore(Config{Outbox: o, Sessions: new(sessions), AuditLog: audittest.OpenLog(b, o.Database())})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Publish(b.Context(), Public{seven, public}, nowMs); err != nil {
			b.Fatal(err)
		}
		if _, n, err := s.Distrust(b.Context(), Distrust{Key: seven, Cutoff: nowMs.Seconds(), Exempt: many(100_000), Who: "operator", At: nowMs}); err != nil || n != 100_000 {
			b.Fatalf("%d exempted: %v", n, err)
		}
		o.Close()
	}
}

// A gateway that starts after the topic forgot the cutoff gets it with the key's next
// announcement.
func TestCutoffIsRepeatedWithEachAnnouncement(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.announceSeven()
		_, _, err := h.Distrust(t.Context(), Distrust{Key: seven, Cutoff: 1000, Who: "operator", At: nowMs})
		runtest.Must(t, err)
		h.drain()
		_, err = h.Publish(t.Context(), Public{seven, public}, nowMs.Add(AnnounceAgain))
		runtest.Must(t, err)
		if got := h.drain(); issuerdb.Kinds(got) != "announce_key retire_key" || got[1].Cutoff != 1000 {
			t.Fatalf("%+v", got)
		}
	})
}

// A retired key is not republished, unless it has a cutoff: gateways that remember the
// key may have missed it.
func TestRepublishOmitsRetiredKeys(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		for id := range tokens.KeyID(3) {
			public := publicKey(byte(id))
			if _, err := h.Publish(t.Context(), Public{id + 1, public}, nowMs); err != nil {
				t.Fatal(err)
			}
			if id == 0 {
				continue
			}
			_, err := h.db.Writer().ExecContext(t.Context(), `INSERT INTO issuer_keys (id, public, ordered_ms, retired_ms) VALUES ($1, $2, 1, 2)`, int64(id+1), public[:])
			runtest.Must(t, err)
		}
		_, _, err := h.Distrust(t.Context(), Distrust{Key: 3, Cutoff: 1000, Who: "operator", At: nowMs})
		runtest.Must(t, err)
		h.drain()
		_, err = h.Republish(t.Context(), 0, int64(nowMs+1))
		runtest.Must(t, err)
		if got := h.drain(); issuerdb.Kinds(got) != "announce_key announce_key retire_key" || got[0].Key != 1 || got[1].Key != 3 || got[2].Key != 3 {
			t.Fatalf("%+v", got)
		}
	})
}

// A topic forgets after its retention, so an announcement is repeated long before; the
// issuer stays ready meanwhile.
func TestKeyIsAnnouncedAgainBeforeTheTopicForgets(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		public := publicKey(1)
		day := database.Millis(AnnounceAgain.Milliseconds())
		for _, c := range []struct {
			at   database.Millis
			want bool
		}{{nowMs, true}, {nowMs + day - 1, false}, {nowMs + day, true}, {nowMs + day + 1, false}, {nowMs + 2*day, true}} {
			announced, err := h.Publish(t.Context(), Public{7, public}, c.at)
			if err != nil || announced != c.want {
				t.Fatalf("%d ms after the first: announced %v, %v", c.at-nowMs, announced, err)
			}
			if c.at == nowMs {
				runtest.Must(t, h.Outbox.MarkPublished(t.Context(), issuerdb.Epoch(h, h.Outbox), 0, h.takeRecords().First))
			}
		}
		if p := h.takeRecords(); len(p.Records) != 2 {
			t.Fatalf("%d announcements wait, want 2", len(p.Records))
		}
		if published, err := h.Store.Published(t.Context(), 7); err != nil || !published {
			t.Fatalf("a repetition made the key unpublished: %v, %v", published, err)
		}
	})
}

// Gateways would refuse the key and every code under it: no record is queued.
func TestWeakKeyIsNotAnnounced(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		good := publicKey(1)
		for name, public := range map[string][tokens.PublicKeySize]byte{
			"identity": {1}, "order 4": {}, "not canonical": {0: 0xee, 31: 0x7f}, "no point": {2},
			"mixed order": mixedOrder(good),
		} {
			if announced, err := h.Publish(t.Context(), Public{7, public}, nowMs); announced || !errors.Is(err, ErrWeak) {
				t.Errorf("%s: announced %v, %v", name, announced, err)
			}
		}
		if p := h.takeRecords(); len(p.Records) != 0 {
			t.Fatalf("%d records wait", len(p.Records))
		}
		if announced, err := h.Publish(t.Context(), Public{7, good}, nowMs); !announced || err != nil {
			t.Fatalf("a weak key uses up the id: %v, %v", announced, err)
		}
	})
}

// mixedOrder adds the point of order 2, (0, -1), to a key: y turns into p - y and x
// changes its sign.
func mixedOrder(public [tokens.PublicKeySize]byte) [tokens.PublicKeySize]byte {
	sign := public[31] & 0x80
	public[31] &^= 0x80
	slices.Reverse(public[:])
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	p.Sub(p, new(big.Int).SetBytes(public[:])).FillBytes(public[:])
	slices.Reverse(public[:])
	public[31] |= sign ^ 0x80
	return public
}

func TestKeyIsAnnouncedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		public := publicKey(1)
		if _, err := h.Store.Published(t.Context(), 7); !errors.Is(err, database.ErrNotFound) {
			t.Fatalf("an unknown key: %v", err)
		}
		for i := range 3 {
			announced, err := h.Publish(t.Context(), Public{7, public}, nowMs)
			if err != nil || announced != (i == 0) {
				t.Fatalf("time %d: announced %v, %v", i, announced, err)
			}
		}
		if _, err := h.Publish(t.Context(), Public{7, publicKey(9)}, nowMs); !errors.Is(err, ErrBound) {
			t.Fatalf("another key under the id: %v", err)
		}
		p := h.takeRecords()
		want := []revocation.Record{{Kind: revocation.KindAnnounceKey, At: int64(nowMs), Key: 7, Public: public}}
		if fmt.Sprint(p.Records) != fmt.Sprint(want) {
			t.Fatalf("%+v", p)
		}
		if published, err := h.Store.Published(t.Context(), 7); err != nil || published {
			t.Fatalf("published before it was: %v, %v", published, err)
		}
		runtest.Must(t, h.Outbox.MarkPublished(t.Context(), issuerdb.Epoch(h, h.Outbox), 0, 1))
		if published, err := h.Store.Published(t.Context(), 7); err != nil || !published {
			t.Fatalf("published: %v, %v", published, err)
		}
	})
}
