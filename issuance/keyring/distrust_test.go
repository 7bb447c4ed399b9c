package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

const key = tokens.KeyID(7)

var public = publicKey(1)

// announced opens a database that has announced key, and nothing waits.
func announced(t *testing.T, open func() *Store) *Store {
	t.Helper()
	s := open()
	if _, err := s.AnnounceKey(t.Context(), key, public, nowMs); err != nil {
		t.Fatal(err)
	}
	drain(t, s, 0)
	return s
}

// drain publishes all that waits in a partition and returns it.
func drain(t *testing.T, s *Store, partition int) (records []revocation.Record) {
	t.Helper()
	for {
		p := take(t, s, partition, 1000)
		if len(p.Records) > 0 {
			if err := s.Published(t.Context(), epoch(t, s), partition, p.First+uint64(len(p.Records))-1); err != nil {
				t.Fatal(err)
			}
		}
		if records = append(records, p.Records...); p.Drained {
			return records
		}
	}
}

// afterlife is how long gateways keep what is over, ms.
const afterlife = int64(revocation.Afterlife / time.Millisecond)

func today(index uint32) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(nowMs / 1000)), Index: index}
}

func kinds(records []revocation.Record) string {
	var names []string
	for _, r := range records {
		names = append(names, r.Kind.String())
	}
	return strings.Join(names, " ")
}

// A cut-off follows what is rescued from it, only ever moves to an earlier time,
// and a repetition says nothing.
func TestKeyIsCutOff(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		const at = nowMs / 1000
		over := today(1)
		over.Day -= 3
		for i, step := range []struct {
			cutOff  int64
			rescue  []tokens.Serial
			moved   bool
			rescued int
			says    string
		}{
			{at, []tokens.Serial{today(1), today(2), today(1), over}, true, 2, "rescue rescue retire_key"},
			{at, []tokens.Serial{today(1), today(2)}, false, 0, ""},
			{at + 1, nil, false, 0, ""},
			{at + 1, []tokens.Serial{today(3)}, false, 1, "rescue"},
			{at - 1, nil, true, 0, "retire_key"},
		} {
			moved, rescued, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: step.cutOff, Rescued: step.rescue, Who: "operator", AtMs: nowMs + int64(i)})
			if err != nil || moved != step.moved || rescued != step.rescued {
				t.Fatalf("step %d: moved %v, rescued %d, %v", i, moved, rescued, err)
			}
			if got := kinds(drain(t, s, 0)); got != step.says {
				t.Fatalf("step %d says %q, want %q", i, got, step.says)
			}
		}
		if cutOff, err := s.KeyCutOff(t.Context(), key); err != nil || cutOff != at-1 {
			t.Fatalf("cut off at %d: %v", cutOff, err)
		}
		if cutOff, err := s.KeyCutOff(t.Context(), key+1); err != nil || cutOff != tokens.Never {
			t.Fatalf("another key is cut off at %d: %v", cutOff, err)
		}
		var lines int
		if err := s.db.Writer().QueryRow(`SELECT COUNT(*) FROM audit WHERE action = 'cut_off_key' AND who = 'operator' AND role = 'operator' AND object = '7'`).Scan(&lines); err != nil || lines != 3 {
			t.Fatalf("%d lines for audit, want one for each order that changed something: %v", lines, err)
		}
	})
}

func TestCutOffsThatAreRefused(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		for name, c := range map[string]struct {
			cutOff KeyCutOff
			want   error
		}{
			"a key never announced": {KeyCutOff{Key: key + 1, CutOff: 1}, ErrNotFound},
			"no time":               {KeyCutOff{Key: key}, ErrCutOffTime},
			"beyond the wire":       {KeyCutOff{Key: key, CutOff: 1 << 32}, ErrCutOffTime},
			"too many to rescue":    {KeyCutOff{Key: key, CutOff: 1, Rescued: many(MaxRescued + 1)}, ErrRescued},
		} {
			c.cutOff.AtMs = nowMs
			if _, _, err := s.CutOffKey(t.Context(), c.cutOff); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, c := range map[string]struct {
			before int64
			want   error
		}{
			"a day and a second ahead":   {nowMs/1000 + 24*60*60 + 1, ErrTooFar},
			"before any running session": {(nowMs - sessionOver) / 1000, ErrNoSession},
		} {
			if _, err := s.CutOffSubject(t.Context(), SubjectCutOff{Before: c.before, Who: "operator", AtMs: nowMs}); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := s.Waiting(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d records of refused orders wait: %v", n, err)
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

// A long list goes in by many rows at once: none is lost, and their order stays.
func TestManyAreRescuedInOrder(t *testing.T) {
	const honest = 157 // more than a statement takes, three times over
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		_, rescued, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: nowMs / 1000, Rescued: many(honest), Who: "operator", AtMs: nowMs})
		if err != nil || rescued != honest {
			t.Fatalf("%d rescued: %v", rescued, err)
		}
		said := drain(t, s, 0)
		if len(said) != honest+1 || said[honest].Kind != revocation.KindRetireKey {
			t.Fatalf("%d records, the last of kind %s", len(said), said[len(said)-1].Kind)
		}
		for i, r := range said[:honest] {
			if r.Kind != revocation.KindRescue || r.Serial != today(uint32(i)) || r.Key != key {
				t.Fatalf("record %d is %+v", i, r)
			}
		}
	})
}

// A thief's key is cut off on a busy day: the honest are many, and the order must
// take seconds.
func BenchmarkRescue100000(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.Context(), Config{Database: filepath.Join(b.TempDir(), "issuer.db"), Partitions: partitions})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.AnnounceKey(b.Context(), key, public, nowMs); err != nil {
			b.Fatal(err)
		}
		if _, n, err := s.CutOffKey(b.Context(), KeyCutOff{Key: key, CutOff: nowMs / 1000, Rescued: many(100_000), Who: "operator", AtMs: nowMs}); err != nil || n != 100_000 {
			b.Fatalf("%d rescued: %v", n, err)
		}
		s.Close()
	}
}

// Those whom the issuer knows are they who show codes of sessions that the
// cut-off would end, under that key: not the revoked, not other keys' sessions,
// not sessions that are over or not affected.
func TestKnownHoldersAreRescued(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		const cutOff = nowMs/1000 - 600
		session := func(n int, under tokens.KeyID, start int64) tokens.Serial {
			t.Helper()
			c := approved(t, s, n)
			if err := s.OpenSession(t.Context(), Session{ID: fmt.Sprintf("ses_%d", n), Access: [32]byte{byte(n)}, Application: c.Application,
				Check: check(n, "").ID, Key: under, StartMs: start * 1000}, nowMs, nil); err != nil {
				t.Fatal(err)
			}
			return c.Serial
		}
		holder := session(1, key, cutOff)
		unknown := session(2, 0, nowMs/1000) // from before sessions named their key
		revoked := session(3, key, nowMs/1000)
		session(4, key+1, nowMs/1000)
		session(5, key, cutOff-1)
		session(6, key, (nowMs-sessionOver)/1000-1)
		approved(t, s, 7) // never opened one
		if _, _, err := s.Apply(t.Context(), revoke(revoked, nowMs)); err != nil {
			t.Fatal(err)
		}
		for p := range s.Partitions() {
			drain(t, s, p)
		}
		_, rescued, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: cutOff, RescueKnown: true, Who: "operator", AtMs: nowMs})
		if err != nil || rescued != 2 {
			t.Fatalf("%d rescued: %v", rescued, err)
		}
		got := drain(t, s, 0)
		if kinds(got) != "rescue rescue retire_key" || got[0].Serial != holder || got[1].Serial != unknown {
			t.Fatalf("%+v", got)
		}
	})
}

// A session that starts at the cut-off or later is not opened, and its check
// stays good for a session under another key.
func TestNoSessionUnderAKeyThatIsCutOff(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		c := approved(t, s, 1)
		if _, _, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: nowMs / 1000, Who: "operator", AtMs: nowMs}); err != nil {
			t.Fatal(err)
		}
		o := Session{ID: "ses_1", Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, Key: key, StartMs: nowMs}
		if err := s.OpenSession(t.Context(), o, nowMs, nil); !errors.Is(err, ErrKeyCutOff) {
			t.Fatalf("opened at the cut-off: %v", err)
		}
		o.Key++
		if err := s.OpenSession(t.Context(), o, nowMs, nil); err != nil {
			t.Fatalf("under another key: %v", err)
		}
	})
}

// A gateway that starts after the topic forgot the cut-off hears of it with the
// key's next announcement.
func TestCutOffIsSaidWithEachAnnouncement(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		if _, _, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: 1000, Who: "operator", AtMs: nowMs}); err != nil {
			t.Fatal(err)
		}
		drain(t, s, 0)
		if _, err := s.AnnounceKey(t.Context(), key, public, nowMs+AnnounceAgain.Milliseconds()); err != nil {
			t.Fatal(err)
		}
		if got := drain(t, s, 0); kinds(got) != "announce_key retire_key" || got[1].CutOff != 1000 {
			t.Fatalf("%+v", got)
		}
	})
}

// A subject's cut-off only ever moves to a later time.
func TestSubjectIsCutOff(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		subject := tokens.Subject{9, 7: 1}
		const now = nowMs / 1000
		for i, step := range []struct {
			before  int64
			changed bool
		}{{now, true}, {now, false}, {now - 1, false}, {now + 24*60*60, true}} {
			changed, err := s.CutOffSubject(t.Context(), SubjectCutOff{Subject: subject, Before: step.before, Who: "operator", AtMs: nowMs})
			if err != nil || changed != step.changed {
				t.Fatalf("step %d: changed %v, %v", i, changed, err)
			}
		}
		got := drain(t, s, 0)
		if kinds(got) != "revoke_subject revoke_subject" || got[0].Subject != subject || got[0].CutOff != now || got[1].CutOff != now+24*60*60 {
			t.Fatalf("%+v", got)
		}
	})
}

// A restatement repeats cut-offs, rescues in front of them, and leaves out what
// concerns nobody any more.
func TestCutOffsAreRestated(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := announced(t, open)
		if _, _, err := s.CutOffKey(t.Context(), KeyCutOff{Key: key, CutOff: 1000, Rescued: []tokens.Serial{today(5)}, Who: "operator", AtMs: nowMs}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CutOffSubject(t.Context(), SubjectCutOff{Subject: tokens.Subject{1}, Before: nowMs / 1000, Who: "operator", AtMs: nowMs}); err != nil {
			t.Fatal(err)
		}
		drain(t, s, 0)
		for _, step := range []struct {
			at   int64
			want string
		}{
			{nowMs + 1, "announce_key rescue retire_key revoke_subject"},
			{nowMs + sessionOver + afterlife, "announce_key rescue retire_key"},
			{tokens.DayOver(today(5).Day)*1000 + afterlife, "announce_key retire_key"},
		} {
			if _, err := s.Restate(t.Context(), 0, step.at); err != nil {
				t.Fatal(err)
			}
			got := drain(t, s, 0)
			if kinds(got) != step.want {
				t.Fatalf("restated %d ms later: %q, want %q", step.at-nowMs, kinds(got), step.want)
			}
			if i := len(got) - 1; got[i].Kind == revocation.KindRetireKey && (got[i].Key != key || got[i].CutOff != 1000) {
				t.Fatalf("%+v", got[i])
			}
		}
	})
}
