package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

const key = tokens.KeyID(7)

// announceKey announces key and empties the outbox.
func announceKey(t *testing.T, s *Store) {
	t.Helper()
	_, err := keys(t, s).Publish(t.Context(), keyring.Public{ID: key, Key: signing.NewKey([signing.SeedSize]byte{1}).Public()}, nowMs)
	runtest.Must(t, err)
	issuerdb.Drain(t, s.outbox, 0)
}

// How long gateways keep records, and how long a session can be valid, ms.
const (
	afterlife   = int64(revocation.Afterlife / time.Millisecond)
	sessionOver = int64(keyring.SessionOver / time.Millisecond)
)

func today(index uint32) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(nowMs / 1000)), Index: index}
}

// A republication has everything that a gateway without data needs: keys, and the present
// state of every credential that was ever revoked, numbered from 1 in a greater epoch.
// Waiting records come first, and expired ones are omitted.
func TestRepublishHasAllActiveRecords(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		public := signing.NewKey([signing.SeedSize]byte{1}).Public()
		_, err := keys(t, s).Publish(t.Context(), keyring.Public{ID: 7, Key: public}, nowMs)
		runtest.Must(t, err)
		revoked, unrevoked, untouched := approved(t, s, 1), approved(t, s, 2), approved(t, s, 3)
		for _, c := range []Revocation{revoke(revoked.Serial, nowMs+1), revoke(unrevoked.Serial, nowMs+2), {Serial: unrevoked.Serial, At: nowMs + 3}} {
			change(t, s, c)
		}
		for p := range s.outbox.Partitions() { // everything is published, and the outbox empty
			issuerdb.Drain(t, s.outbox, p)
		}
		waiting := approved(t, s, 4)
		change(t, s, revoke(waiting.Serial, nowMs+4))
		before := issuerdb.Epoch(t, s.outbox)
		epoch, err := s.outbox.Republish(t.Context(), before+7, nowMs+5)
		if err != nil || epoch != before+8 {
			t.Fatalf("epoch %d after %d, want %d: %v", epoch, before, before+8, err)
		}

		again := open()
		state, announced := map[tokens.Serial]revocation.Kind{}, 0
		for p := range again.outbox.Partitions() {
			low, next, err := again.outbox.Place(t.Context(), p)
			if err != nil || low != 1 || next != 1 {
				t.Fatalf("partition %d is numbered %d to %d: %v", p, low, next, err)
			}
			got := issuerdb.TakeRecords(t, again.outbox, p, 100)
			if got.First != 1 || !got.Drained {
				t.Fatalf("partition %d begins at %d", p, got.First)
			}
			for _, r := range got.Records {
				if r.Kind == revocation.KindAnnounceKey && r.Public == public {
					announced++
				} else if _, twice := state[r.Serial]; twice {
					t.Errorf("%s is published twice", r.Serial)
				} else {
					state[r.Serial] = r.Kind
				}
			}
			if low, next, err = again.outbox.Place(t.Context(), p); err != nil || low != 1 || next != uint64(len(got.Records))+1 {
				t.Fatalf("partition %d is numbered %d to %d after %d records: %v", p, low, next, len(got.Records), err)
			}
		}
		want := map[tokens.Serial]revocation.Kind{revoked.Serial: revocation.KindRevoke, unrevoked.Serial: revocation.KindUnrevoke, waiting.Serial: revocation.KindRevoke}
		if announced != 1 || len(state) != len(want) {
			t.Fatalf("%d announcements and %d serials, want 1 and %d", announced, len(state), len(want))
		}
		for serial, kind := range want {
			if state[serial] != kind {
				t.Errorf("%s: %s, want %s", serial, state[serial], kind)
			}
		}
		if _, there := state[untouched.Serial]; there {
			t.Error("a credential that was never revoked is republished")
		}
		waits, err := s.outbox.Waiting(t.Context())
		runtest.Must(t, err)
		_, err = s.outbox.Republish(t.Context(), 0, nowMs+tokens.CredentialLife*1000+afterlife)
		runtest.Must(t, err)
		if n, err := s.outbox.Waiting(t.Context()); err != nil || n != waits-int64(len(want))+1 {
			t.Fatalf("%d records wait when all credentials have expired, want the key twice: %v", n, err)
		}
	})
}

// On PostgreSQL a revocation may be in progress, with its record in the outbox, during a
// republication. The previous state must not be published after it.
func TestRepublishWaitsForAChangeInProgress(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		if s.db.Name != "postgres" {
			t.Skip("SQLite has one writer")
		}
		c := approved(t, s, 1)
		change(t, s, revoke(c.Serial, nowMs+1))
		change(t, s, Revocation{Serial: c.Serial, At: nowMs + 2})
		issuerdb.Drain(t, s.outbox, 0)
		revoked, began, commit := make(chan error, 1), make(chan struct{}), make(chan struct{})
		go func() {
			revoked <- s.db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
				r := revoke(c.Serial, nowMs+3)
				err := s.setRevoked(ctx, tx, &r)
				close(began)
				<-commit
				return err
			})
		}()
		<-began
		republished := make(chan error, 1)
		go func() {
			_, err := s.outbox.Republish(t.Context(), 0, nowMs+4)
			republished <- err
		}()
		databasetest.WaitForLocks(t, s.db.Writer(), 1)
		close(commit)
		runtest.Must(t, <-revoked)
		runtest.Must(t, <-republished)
		if got := issuerdb.Drain(t, s.outbox, 0); len(got) != 2 || got[1].Kind != revocation.KindRevoke {
			t.Fatalf("the last record of a revoked credential is %q", issuerdb.Kinds(got))
		}
	})
}

// Exempt are the holders of sessions that the cutoff would end, under that key: not revoked
// credentials, not sessions under other keys, not past sessions or those before the cutoff.
func TestHoldersOfRunningSessionsAreExempted(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		announceKey(t, s)
		const cutoff = int64(nowMs/1000 - 600)
		session := func(n int, under tokens.KeyID, start int64) tokens.Serial {
			t.Helper()
			c := approved(t, s, n)
			runtest.Must(t, s.openSession(t.Context(), opening{SessionRow{ID: fmt.Sprintf("ses_%d", n), Access: [32]byte{byte(n)}, Application: c.Application,
				Check: check(n, "").ID, Key: under, Start: database.SecondsAt(start)}, nowMs}))
			return c.Serial
		}
		holder := session(1, key, cutoff)
		unknown := session(2, 0, nowMs/1000) // from before sessions recorded their key
		revoked := session(3, key, nowMs/1000)
		session(4, key+1, nowMs/1000)
		session(5, key, cutoff-1)
		session(6, key, (nowMs-sessionOver)/1000-1)
		approved(t, s, 7) // without a session
		change(t, s, revoke(revoked, nowMs))
		for p := range s.outbox.Partitions() {
			issuerdb.Drain(t, s.outbox, p)
		}
		_, exempted, err := keys(t, s).Distrust(t.Context(), keyring.Distrust{Key: key, Cutoff: cutoff, ExemptRunning: true, Who: "operator", At: nowMs})
		if err != nil || exempted != 2 {
			t.Fatalf("%d exempted: %v", exempted, err)
		}
		got := issuerdb.Drain(t, s.outbox, 0)
		if issuerdb.Kinds(got) != "exempt exempt retire_key" || got[0].Serial != holder || got[1].Serial != unknown {
			t.Fatalf("%+v", got)
		}
	})
}

// A session that starts at the cutoff or later is not opened, and its check stays good for a
// session under another key.
func TestNoSessionIsOpenedUnderADistrustedKey(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		announceKey(t, s)
		c := approved(t, s, 1)
		_, _, err := keys(t, s).Distrust(t.Context(), keyring.Distrust{Key: key, Cutoff: nowMs / 1000, Who: "operator", At: nowMs})
		runtest.Must(t, err)
		o := SessionRow{ID: "ses_1", Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, Key: key, Start: nowMs}
		if err := s.openSession(t.Context(), opening{o, nowMs}); !errors.Is(err, errKeyDistrusted) {
			t.Fatalf("opened at the cutoff: %v", err)
		}
		o.Key++
		if err := s.openSession(t.Context(), opening{o, nowMs}); err != nil {
			t.Fatalf("under another key: %v", err)
		}
	})
}

// A subject's cutoff only ever moves to a later time.
func TestSubjectCutoffMovesToLaterTimesOnly(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		subject := tokens.Subject{9, 7: 1}
		const now = nowMs / 1000
		for i, step := range []struct {
			before  int64
			changed bool
		}{{now, true}, {now, false}, {now - 1, false}, {now + 24*60*60, true}} {
			changed, err := s.RevokeSubject(t.Context(), SubjectCutoff{Subject: subject, Before: step.before, Who: "operator", At: nowMs})
			if err != nil || changed != step.changed {
				t.Fatalf("step %d: changed %v, %v", i, changed, err)
			}
		}
		got := issuerdb.Drain(t, s.outbox, 0)
		if issuerdb.Kinds(got) != "revoke_subject revoke_subject" || got[0].Subject != subject || got[0].Cutoff != now || got[1].Cutoff != now+24*60*60 {
			t.Fatalf("%+v", got)
		}
	})
}

// A republication repeats cutoffs, with exemptions before them, and omits outdated ones.
func TestCutoffsAreRepublished(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		announceKey(t, s)
		if _, _, err := keys(t, s).Distrust(t.Context(), keyring.Distrust{Key: key, Cutoff: 1000, Exempt: []tokens.Serial{today(5)}, Who: "operator", At: nowMs}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RevokeSubject(t.Context(), SubjectCutoff{Subject: tokens.Subject{1}, Before: nowMs / 1000, Who: "operator", At: nowMs}); err != nil {
			t.Fatal(err)
		}
		issuerdb.Drain(t, s.outbox, 0)
		for _, step := range []struct {
			at   int64
			want string
		}{
			{nowMs + 1, "announce_key exempt retire_key revoke_subject"},
			{nowMs + sessionOver + afterlife, "announce_key exempt retire_key"},
			{tokens.DayOver(today(5).Day)*1000 + afterlife, "announce_key retire_key"},
		} {
			_, err := s.outbox.Republish(t.Context(), 0, step.at)
			runtest.Must(t, err)
			got := issuerdb.Drain(t, s.outbox, 0)
			if issuerdb.Kinds(got) != step.want {
				t.Fatalf("republished %d ms later: %q, want %q", step.at-nowMs, issuerdb.Kinds(got), step.want)
			}
			if i := len(got) - 1; got[i].Kind == revocation.KindRetireKey && (got[i].Key != key || got[i].Cutoff != 1000) {
				t.Fatalf("%+v", got[i])
			}
		}
	})
}

func TestInvalidSubjectCutoffsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		for name, c := range map[string]struct {
			before int64
			want   error
		}{
			"a day and a second ahead":   {nowMs/1000 + 24*60*60 + 1, ErrTooFar},
			"before any running session": {(nowMs - sessionOver) / 1000, ErrNoSession},
		} {
			if _, err := s.RevokeSubject(t.Context(), SubjectCutoff{Before: c.before, Who: "operator", At: nowMs}); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := s.outbox.Waiting(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d records of refused commands wait: %v", n, err)
		}
	})
}

// The keyring gets the running sessions by key.
func TestRunningSessionsAreCountedByKey(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		for n, start := range []database.Millis{nowMs - 2000, nowMs, nowMs - 1000, nowMs} {
			c := approved(t, s, n)
			o := SessionRow{ID: fmt.Sprintf("ses_%d", n), Access: [32]byte{byte(n)}, Application: c.Application, Check: check(n, "").ID, Key: key + tokens.KeyID(n/3), Start: start}
			runtest.Must(t, s.openSession(t.Context(), opening{o, nowMs}))
		}
		got, err := Sessions{}.Running(t.Context(), s.db.Writer(), nowMs-2000)
		want := map[tokens.KeyID]keyring.Running{key: {Count: 2, Last: nowMs}, key + 1: {Count: 1, Last: nowMs}}
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%v, want %v: %v", got, want, err)
		}
	})
}
