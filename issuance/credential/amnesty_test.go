package credential

import (
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

// byPolice is an entry of the police desk at a time.
func byPolice(action staff.Action, at database.Millis) audit.Entry {
	return audit.Entry{AtMs: int64(at), Who: "police-7", Role: staff.Police, Action: action, Object: audit.Object{Kind: audit.Credential, ID: "1-1"}}
}

const entryGates = tokens.Scopes(tokens.Entry)

// An amnesty that begins later than the topic remembers is published again each day, and
// rows that no gateway needs are deleted.
func TestAmnestyIsPublishedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		const day = 24 * time.Hour
		c := approved(t, s, 1)
		runtest.Must(t, s.Forgive(t.Context(), c.Serial, nowMs, byPolice(staff.Forgive, nowMs)))
		from := int64(nowMs/1000) + 7*24*3600
		a := Amnesty{Stations: []string{"北京南"}, From: from, Until: from + 3600, Reason: "drill"}
		n, err := s.declareAmnesty(t.Context(), a, entryGates, byPolice(staff.DeclareAmnesty, nowMs))
		if err != nil || n != 1 {
			t.Fatalf("declared for %d stations: %v", n, err)
		}
		issuerdb.Drain(t, s.outbox, 0)
		want := fmt.Sprint([]revocation.Record{{Kind: revocation.KindAmnesty, At: nowMs, Scopes: entryGates, Station: revocation.StationOf("北京南"), From: from, Until: from + 3600}})
		for _, step := range []struct {
			after               time.Duration
			repeated            int
			amnesties, forgiven int
		}{
			{day - time.Second, 0, 1, 1}, {day, 1, 1, 1}, {day + time.Second, 0, 1, 1},
			{2*day - time.Second, 0, 1, 1}, {2*day - time.Second + 8*time.Hour, 1, 1, 1}, {3 * day, 0, 1, 0},
			{7*day + time.Hour - time.Second, 1, 1, 0}, {7*day + time.Hour, 0, 1, 0}, {8*day + time.Hour, 0, 0, 0},
		} {
			now := database.Millis(nowMs).Add(step.after)
			n, err := s.repeatAmnesties(t.Context(), now)
			runtest.Must(t, err)
			runtest.Must(t, s.eraseExceptions(t.Context(), now))
			records := issuerdb.Drain(t, s.outbox, 0)
			if n != step.repeated || len(records) != n || n == 1 && fmt.Sprint(records) != want {
				t.Fatalf("after %v: %d repeated, records %+v, want %d and %s", step.after, n, records, step.repeated, want)
			}
			for table, want := range map[string]int{"amnesties": step.amnesties, "forgiven": step.forgiven} {
				var rows int
				runtest.Must(t, s.db.Writer().QueryRow(`SELECT COUNT(*) FROM `+table).Scan(&rows))
				if rows != want {
					t.Errorf("after %v: %d %s, want %d", step.after, rows, table, want)
				}
			}
		}
	})
}

// Gateways have room for a limited number of amnesties: beyond it named stations are
// refused, with every station of the call, and an amnesty for all stations is accepted.
func TestAmnestiesAreBounded(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		until := int64(nowMs/1000) + 3600
		var rows [][]any
		for n := range maxAmnesties - 1 {
			station := revocation.StationOf(fmt.Sprint("station ", n))
			rows = append(rows, []any{station[:], "station", 32, until - 3600, until, "drill", "police-7", int64(nowMs), int64(nowMs)})
		}
		runtest.Must(t, database.InsertMany(t.Context(), s.db.Writer(),
			`INSERT INTO amnesties (station, name, scopes, from_s, until_s, reason, who, at_ms, sent_ms)`, rows))
		declare := func(at database.Millis, stations ...string) (int, error) {
			a := Amnesty{Stations: stations, From: at.Seconds(), Until: at.Seconds() + 7200, Reason: "drill"}
			return s.declareAmnesty(t.Context(), a, entryGates, byPolice(staff.DeclareAmnesty, at))
		}
		if n, err := declare(nowMs, "one", "two"); n != 0 || !problem.Is(err, AmnestiesFull) {
			t.Fatalf("two more: %d, %v", n, err)
		}
		for _, name := range []string{"one", EveryStation} {
			if n, err := declare(nowMs, name); n != 1 || err != nil {
				t.Fatalf("%s: %d, %v", name, n, err)
			}
		}
		if records := issuerdb.Drain(t, s.outbox, 0); len(records) != 2 {
			t.Fatalf("%d records, want those of the accepted calls", len(records))
		}
		if _, err := declare(nowMs, "three"); !problem.Is(err, AmnestiesFull) {
			t.Fatalf("one more: %v", err)
		}
		if n, err := declare(database.Millis(nowMs+3600_000).Add(revocation.Afterlife), "three"); n != 1 || err != nil {
			t.Fatalf("when gateways forgot the others: %d, %v", n, err)
		}
	})
}

// Records of forgiven serials wait in partitions that a moved stream does not have. They are
// in the new ones after the move.
func TestForgivenSerialsMoveWithTheStream(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		s := opener(t, address)()
		forgiven := make(map[tokens.Serial]bool)
		for n := range 2 * partitions {
			c := approved(t, s, n+1)
			runtest.Must(t, s.Forgive(t.Context(), c.Serial, nowMs, byPolice(staff.Forgive, nowMs)))
			forgiven[c.Serial] = true
		}
		moved, err := outbox.Open(t.Context(), outbox.Config{Database: address, Partitions: 1, Topic: "railgate.control.2", Move: true, Sources: []outbox.Source{ActiveRecords}})
		runtest.Must(t, err)
		t.Cleanup(func() { moved.Close() })
		_, err = moved.MoveStream(t.Context(), outbox.Command{AuditLog: s.auditLog, Who: "night-shift", At: nowMs})
		runtest.Must(t, err)
		for _, r := range issuerdb.Drain(t, moved, 0) {
			if r.Kind != revocation.KindForgive || r.At != nowMs || !forgiven[r.Serial] {
				t.Errorf("%+v", r)
			}
			delete(forgiven, r.Serial)
		}
		if n, err := moved.Waiting(t.Context()); len(forgiven) != 0 || n != 0 || err != nil {
			t.Errorf("%d serials were not published, %d records wait: %v", len(forgiven), n, err)
		}
	})
}
