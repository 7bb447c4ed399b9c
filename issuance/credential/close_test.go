package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
)

// viewer is test person n with a credential and any number of good checks.
type viewer struct {
	t *testing.T
	s *Store
	*Credential
	n, checks int
}

func viewerOf(t *testing.T, s *Store, n int) *viewer {
	t.Helper()
	return &viewer{t: t, s: s, Credential: approved(t, s, n), n: n}
}

// checked adds a passed check, good for two minutes from a time.
func (v *viewer) checked(at database.Millis) string {
	v.t.Helper()
	v.checks++
	c := check(1000*v.n+v.checks, v.Application)
	c.Expires = at + 120_000
	runtest.Must(v.t, v.s.keepCheck(v.t.Context(), c))
	return c.ID
}

// openSession opens a session at a time, in a login or with the access token.
func (v *viewer) openSession(start database.Millis, login string) error {
	v.t.Helper()
	return v.openOn(v.checked(start), start, login)
}

func (v *viewer) openOn(check string, start database.Millis, login string) error {
	o := SessionRow{ID: fmt.Sprintf("ses_%d_%d_%s", v.n, start, check), Application: v.Application, Check: check, Login: login,
		Access: [32]byte{byte(v.n), byte(v.n >> 8)}, Start: start, Pass: []byte{1}, Seed: []byte{2}}
	return v.s.openSession(v.t.Context(), opening{o, start})
}

func (v *viewer) mustOpen(start database.Millis, login string) {
	v.t.Helper()
	runtest.Must(v.t, v.openSession(start, login))
}

// partition is the partition of the serial's records.
func (v *viewer) partition() int {
	return publish.Partition(&revocation.Record{Kind: revocation.KindRevoke, Serial: v.Serial}, partitions)
}

// takeRecords takes the waiting records of the serial's partition.
func (v *viewer) takeRecords() []revocation.Record {
	v.t.Helper()
	return issuerdb.Drain(v.t, v.s.outbox, v.partition())
}

func (v *viewer) closed(start, at database.Millis) revocation.Record {
	return revocation.Record{Kind: revocation.KindRevokeSession, At: int64(at), Serial: v.Serial, Start: start.Seconds()}
}

// Each way to end a session enqueues that session's record and no other, in the transaction
// of the cause; the record of a session of more than a day ago is not enqueued.
func TestEndedSessionIsEnqueuedForGates(t *testing.T) {
	const lived = 600_000
	change := func(v *viewer, f func(ctx context.Context, tx *sql.Tx) error) error {
		return v.s.db.Change(v.t.Context(), "end", f)
	}
	access := func(v *viewer) [32]byte { return [32]byte{byte(v.n), byte(v.n >> 8)} }
	for name, end := range map[string]struct {
		byLogin, all bool // whether it ends sessions of a login, and whether also others
		how          func(v *viewer, at database.Millis) error
	}{
		"closing the page": {how: func(v *viewer, at database.Millis) error {
			return v.s.closeAccess(t.Context(), v.Application, access(v), at)
		}},
		"regaining access": {how: func(v *viewer, at database.Millis) error {
			v.checks++
			c := check(1000*v.n+v.checks, v.Application)
			c.Passed = at
			return v.s.replaceAccess(t.Context(), c, [32]byte{8}, "2026-11")
		}},
		"closing the page of a login": {byLogin: true, how: func(v *viewer, at database.Millis) error {
			return change(v, func(ctx context.Context, tx *sql.Tx) error {
				return v.s.closeInLogin(ctx, tx, v.Application, "log_1", at)
			})
		}},
		"logout": {byLogin: true, how: func(v *viewer, at database.Millis) error {
			return change(v, func(ctx context.Context, tx *sql.Tx) error {
				return v.s.CloseLogins(ctx, tx, []string{"log_0", "log_1"}, at)
			})
		}},
		"closing the account": {all: true, how: func(v *viewer, at database.Millis) error {
			return change(v, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, `UPDATE applications SET account = 'acc_1' WHERE id = $1`, v.Application); err != nil {
					return err
				}
				return v.s.Detach(ctx, tx, "acc_1", at)
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *Store) {
				var woken []int
				s.outbox.SetWake(func(partition int) { woken = append(woken, partition) })
				v, other := viewerOf(t, s, 1), viewerOf(t, s, 1+partitions)
				over, live := database.Millis(nowMs), database.Millis(nowMs+lived)
				end.how(v, nowMs) // nothing is open yet
				if got := v.takeRecords(); len(got) != 0 || len(woken) != 0 {
					t.Fatalf("enqueued %+v without a session, woke %v", got, woken)
				}
				if name == "closing the page" || name == "regaining access" {
					_, err := s.db.Writer().ExecContext(t.Context(), `UPDATE applications SET access_hash = $1 WHERE id = $2`, slices.Collect(bytesOf(access(v))), v.Application)
					runtest.Must(t, err)
				}
				v.mustOpen(over, "")
				v.mustOpen(live, "")
				v.mustOpen(over+1000, "log_1")
				v.mustOpen(live+1000, "log_1")
				other.mustOpen(live, "")
				other.mustOpen(live+1000, "log_2")
				at := over.Add(closingFor) + 1000
				runtest.Must(t, end.how(v, at))
				var want []revocation.Record
				if !end.byLogin {
					want = append(want, v.closed(live, at))
				}
				if end.byLogin || end.all {
					want = append(want, v.closed(live+1000, at))
				}
				got := v.takeRecords()
				slices.SortFunc(got, func(a, b revocation.Record) int { return int(a.Start - b.Start) })
				if !slices.Equal(got, want) {
					t.Errorf("enqueued %+v, want %+v", got, want)
				}
				if !slices.Equal(woken, []int{v.partition()}) {
					t.Errorf("woke %v", woken)
				}
				end.how(v, at+1000)
				if got := v.takeRecords(); len(got) != 0 {
					t.Errorf("a repetition enqueues %+v", got)
				}
			})
		})
	}
}

func bytesOf(b [32]byte) func(func(byte) bool) { return slices.Values(b[:]) }

// A rolled-back change enqueues no record and wakes no publisher.
func TestRolledBackClosingIsNotEnqueued(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		s.outbox.SetWake(func(int) { t.Error("woken without a record") })
		v := viewerOf(t, s, 1)
		v.mustOpen(nowMs, "log_1")
		undone := errors.New("undone")
		err := s.db.Change(t.Context(), "end", func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(s.CloseLogins(ctx, tx, []string{"log_1"}, nowMs), undone)
		})
		if got := v.takeRecords(); !errors.Is(err, undone) || len(got) != 0 {
			t.Errorf("%v; enqueued %+v", err, got)
		}
	})
}

// Serial and start identify a session, so no two sessions of a credential start in one
// second, even if they are opened concurrently; the check stays good.
func TestSessionsOfACredentialStartInDifferentSeconds(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		v, other := viewerOf(t, s, 1), viewerOf(t, s, 2)
		v.mustOpen(nowMs, "")
		other.mustOpen(nowMs, "")
		if err := v.openSession(nowMs, "log_1"); !errors.Is(err, errStartTaken) {
			t.Fatalf("a second session in one second: %v", err)
		}
		taken := check(1000*v.n+v.checks, "").ID
		if err := v.openOn(taken, nowMs+1000, "log_1"); err != nil {
			t.Fatalf("the check is used up: %v", err)
		}
		if err := v.openOn(taken, nowMs+2000, "log_1"); !errors.Is(err, errCheckRequired) {
			t.Fatalf("a check twice: %v", err)
		}
		const rivals = 12
		second := open() // another issuer
		var all sync.WaitGroup
		var mu sync.Mutex
		opened, refused := 0, 0
		for n := range rivals {
			c := check(5000+n, v.Application)
			runtest.Must(t, s.keepCheck(t.Context(), c))
			each := &viewer{t: t, s: []*Store{s, second}[n%2], Credential: v.Credential, n: v.n}
			all.Go(func() {
				err := each.openOn(c.ID, nowMs+9000, []string{"", "log_1"}[n/2%2])
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					opened++
				case errors.Is(err, errStartTaken):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if opened != 1 || refused != rivals-1 {
			t.Errorf("%d of %d opened in one second, %d refused", opened, rivals, refused)
		}
		var unused int
		if err := s.db.Writer().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM checks WHERE id >= 'chk_0' AND used_ms IS NULL AND application = $1`, v.Application).Scan(&unused); err != nil || unused != rivals-1+1 {
			t.Errorf("%d unused checks, want those of the refused sessions and the first: %v", unused, err)
		}
	})
}

// A republication includes closed sessions as long as one of their codes could be accepted,
// also those that waited in a partition that the stream no longer has.
func TestRepublishHasClosedSessions(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		v, other := viewerOf(t, s, 1), viewerOf(t, s, 2)
		v.mustOpen(nowMs, "log_1")
		v.mustOpen(nowMs+5000, "log_1")
		v.mustOpen(nowMs+6000, "log_2") // stays open
		other.mustOpen(nowMs+7000, "log_3")
		closeLogin := func(login string, at database.Millis) {
			t.Helper()
			runtest.Must(t, s.db.Change(t.Context(), "end", func(ctx context.Context, tx *sql.Tx) error { return s.CloseLogins(ctx, tx, []string{login}, at) }))
		}
		closeLogin("log_1", nowMs+9000)
		v.takeRecords() // now published
		closeLogin("log_3", nowMs+10_000)
		all := func(now database.Millis) map[revocation.Record]int {
			t.Helper()
			_, err := s.outbox.Republish(t.Context(), 0, int64(now))
			runtest.Must(t, err)
			found := map[revocation.Record]int{}
			for p := range s.outbox.Partitions() {
				for _, r := range issuerdb.TakeRecords(t, s.outbox, p, 100).Records {
					if r.Kind == revocation.KindRevokeSession {
						found[r]++
					}
				}
			}
			return found
		}
		want := map[revocation.Record]int{v.closed(nowMs, nowMs+9000): 1, v.closed(nowMs+5000, nowMs+9000): 1, other.closed(nowMs+7000, nowMs+10_000): 1}
		for _, now := range []database.Millis{nowMs + 20_000, nowMs + 20_000, database.Millis(nowMs).Add(shownFor)} {
			if got := all(now); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("at %+d s: republished %v, want %v", (now-nowMs)/1000, got, want)
			}
		}
		// A waiting record, which the stream may not have, is republished at any time.
		if got := all(database.Millis(nowMs + 7000).Add(shownFor)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("republished %v of the waiting records, want %v", got, want)
		}
		v.takeRecords()
		other.takeRecords() // now published
		if got := all(database.Millis(nowMs + 7000).Add(shownFor)); len(got) != 0 {
			t.Errorf("republished %v when no code can be accepted any more", got)
		}
	})
}

// In a shared transaction each call is checked against the existing sessions.
func TestSharedTransactionChecksEachSessionStart(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		var viewers []*viewer
		for n := 1; n <= 5; n++ {
			v := viewerOf(t, s, n)
			if n%2 == 1 {
				v.mustOpen(nowMs, "")
			}
			viewers = append(viewers, v)
		}
		call := func(id string, v *viewer, check string, start database.Millis) *pendingWrite[opening] {
			return &pendingWrite[opening]{row: opening{SessionRow{ID: id, Application: v.Application, Check: check, Access: [32]byte{byte(v.n)}, Start: start}, nowMs + 500}}
		}
		openAll := func(calls []*pendingWrite[opening]) {
			t.Helper()
			runtest.Must(t, s.db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return s.openSessions(ctx, tx, calls) }))
		}
		var calls []*pendingWrite[opening]
		for _, v := range viewers {
			calls = append(calls, call(fmt.Sprintf("ses_%d", v.n), v, v.checked(nowMs), nowMs))
		}
		openAll(calls)
		// One check, by two phones in two seconds of which the first is taken.
		v := viewers[0]
		one := v.checked(nowMs)
		pair := []*pendingWrite[opening]{call("ses_pair_0", v, one, nowMs), call("ses_pair_1", v, one, nowMs+1000)}
		openAll(pair)
		if !errors.Is(pair[0].refused, errStartTaken) || !errors.Is(pair[1].refused, errCheckRequired) {
			t.Errorf("the taken second: %v, the other: %v", pair[0].refused, pair[1].refused)
		}
		// One check of one application, used for another application too.
		own := v.checked(nowMs)
		pair = []*pendingWrite[opening]{call("ses_own_0", viewers[1], own, nowMs+9000), call("ses_own_1", v, own, nowMs+9000)}
		openAll(pair)
		if !errors.Is(pair[0].refused, errCheckRequired) {
			t.Errorf("on another's check: %v", pair[0].refused)
		}
		for i, c := range calls {
			if taken := errors.Is(c.refused, errStartTaken); taken != (viewers[i].n%2 == 1) || c.refused != nil && !taken {
				t.Errorf("viewer %d: %v", viewers[i].n, c.refused)
			}
		}
	})
}
