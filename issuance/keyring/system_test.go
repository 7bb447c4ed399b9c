package keyring

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestMain(m *testing.M) { databasetest.Main(m, "keyring") }

const lead = 10 * time.Minute

// key is test key n.
func key(n byte) Key { return Key{tokens.KeyID(n), signing.NewKey([signing.SeedSize]byte{n})} }

// system is a database, and an operator's commands on it.
type system struct {
	*testing.T
	*outbox.Outbox
	*Store
	*sessions
	address string
}

// each tells a story on every kind of database.
func each(t *testing.T, story func(t *testing.T, w *system)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		w := &system{T: t, sessions: new(sessions), address: address}
		w.Outbox = w.opened()
		w.Store = w.store(w.Outbox)
		story(t, w)
	})
}

// opened is another process's outbox on the same database.
func (w *system) opened() *outbox.Outbox {
	w.Helper()
	o, err := outbox.Open(w.Context(), outbox.Config{Database: w.address, Partitions: 1, Sources: []outbox.Source{ActiveRecords}})
	w.must(err)
	w.Cleanup(func() { o.Close() })
	return o
}

func (w *system) store(box *outbox.Outbox) *Store {
	w.Helper()
	s, err := NewStore(Config{Outbox: box, Sessions: w.sessions, AuditLog: audittest.On(w, box.Database()), Lead: lead})
	w.must(err)
	return s
}

// sessions are the Sessions of a system.
type sessions struct {
	mu     sync.Mutex
	starts []start // mu
}

type start struct {
	key tokens.KeyID
	at  database.Millis
}

func (s *sessions) Running(_ context.Context, _ database.Queries, after database.Millis) (map[tokens.KeyID]Running, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[tokens.KeyID]Running)
	for _, one := range s.starts {
		if one.at > after {
			all[one.key] = Running{all[one.key].Count + 1, max(all[one.key].Last, one.at)}
		}
	}
	return all, nil
}

func (s *sessions) Holders(context.Context, database.Queries, tokens.KeyID, database.Millis, database.Millis) ([]tokens.Serial, error) {
	return nil, nil
}

// issuer is a process with a clock of its own.
type issuer struct {
	*system
	*Ring
	clock func() time.Time
}

// issuer starts one whose clock goes ahead of the database's machine.
func (w *system) issuer(ahead time.Duration, keys ...Key) *issuer {
	w.Helper()
	s := w.store(w.opened())
	clock := func() time.Time { return time.Now().Add(ahead) }
	r, err := New(RingConfig{Store: s, Keys: keys, Now: clock})
	w.must(err)
	_, err = s.Bootstrap(w.Context(), keys[0].Public(), w.by())
	w.must(err)
	w.announced()
	w.must(r.Refresh(w.Context()))
	return &issuer{w, r, clock}
}

// by is the operator.
func (w *system) by() audit.Entry {
	return audit.Entry{AtMs: time.Now().UnixMilli(), Who: "night-shift", Role: staff.Operator}
}

// announced does what an issuer does each hour.
func (w *system) announced() {
	w.Helper()
	keys, err := w.Announceable(w.Context())
	w.must(err)
	for _, k := range keys {
		_, err := w.Publish(w.Context(), k, database.MillisAt(time.Now()))
		w.must(err)
	}
}

// emptied does what the publisher does: the outbox is empty afterwards.
func (w *system) emptied() { w.exec(`DELETE FROM outbox`) }

// passes lets time pass: everything that was written was written earlier.
func (w *system) passes(d time.Duration) {
	w.Helper()
	ms := d.Milliseconds()
	w.exec(`UPDATE issuer_keys SET ordered_ms = ordered_ms - $1, published_ms = published_ms - $1, use_from_ms = use_from_ms - $1, inactive_ms = inactive_ms - $1, retired_ms = retired_ms - $1`, ms)
	w.sessions.mu.Lock()
	for i := range w.starts {
		w.starts[i].at -= database.Millis(ms)
	}
	w.sessions.mu.Unlock()
	w.exec(`UPDATE key_cutoffs SET cut_off = cut_off - $1`, ms/1000)
}

// signs asserts the key that every issuer signs with, after a look.
func (w *system) signs(want tokens.KeyID, issuers ...*issuer) {
	w.Helper()
	for i, in := range issuers {
		w.must(in.Refresh(w.Context()))
		id, signer, err := in.Current(in.clock())
		if err != nil || id != want || signer.Public() != key(byte(want)).Signer.Public() {
			w.Fatalf("issuer %d signs with key %d, want %d: %v", i, id, want, err)
		}
	}
}

// silent asserts that an issuer signs nothing and says why.
func (w *system) silent(in *issuer, why string) {
	w.Helper()
	w.must(in.Refresh(w.Context()))
	id, signer, err := in.Current(in.clock())
	if id != 0 || signer != nil {
		w.Fatalf("signs with key %d", id)
	}
	w.refused(err, ErrNoKey, why)
}

func (w *system) refused(err, want error, about string) {
	w.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), about) {
		w.Fatalf("%v, want %v with %q", err, want, about)
	}
}

// session is one that was opened under a key just now.
func (w *system) session(id tokens.KeyID) {
	w.sessions.mu.Lock()
	defer w.sessions.mu.Unlock()
	w.starts = append(w.starts, start{id, database.MillisAt(time.Now())})
}

// states are those of all keys as the operator sees them, in the order in which
// they were announced.
func (w *system) states(want ...State) []Line {
	w.Helper()
	lines, err := w.List(w.Context())
	w.must(err)
	var got []State
	for _, l := range lines {
		got = append(got, l.State)
	}
	if !slices.Equal(got, want) {
		w.Fatalf("the keys are %v, want %v", got, want)
	}
	return lines
}

// auditLog has what was ordered of keys, oldest first.
func (w *system) auditLog() (lines []string) {
	w.Helper()
	rows, err := w.Outbox.Database().Writer().QueryContext(w.Context(), `SELECT RTRIM(who || ' ' || role || ' ' || action || ' ' || object || ' ' || detail) FROM audit ORDER BY id`)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var line string
		w.must(rows.Scan(&line))
		lines = append(lines, line)
	}
	w.must(rows.Err())
	return lines
}

func (w *system) exec(query string, args ...any) {
	w.Helper()
	_, err := w.Outbox.Database().Writer().ExecContext(w.Context(), query, args...)
	w.must(err)
}

func (w *system) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ok is for orders: it must have been given, and have changed something.
func (w *system) ok(changed bool, err error) {
	w.Helper()
	if err != nil || !changed {
		w.Fatalf("changed %v: %v", changed, err)
	}
}
