package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestMain(m *testing.M) { databasetest.Main(m, "keyring") }

const lead = 10 * time.Minute

// key is test key n.
func key(n byte) Key { return Key{tokens.KeyID(n), signing.NewKey([signing.SeedSize]byte{n})} }

// world is a database, and an operator's commands on it.
type world struct {
	*testing.T
	*store.Store
	*Book
	address string
}

// each tells a story on every kind of database.
func each(t *testing.T, story func(t *testing.T, w *world)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		w := &world{T: t, address: address}
		w.Store = w.opened()
		w.Book = w.book(w.Store)
		story(t, w)
	})
}

// opened is another process's store on the same database.
func (w *world) opened() *store.Store {
	w.Helper()
	s, err := store.Open(w.Context(), store.Config{Database: w.address, Partitions: 1})
	w.must(err)
	s.SetTrail(audittest.On(w, s.Database()))
	w.Cleanup(func() { s.Close() })
	return s
}

func (w *world) book(stream Announcer) *Book {
	w.Helper()
	b, err := NewBook(w.Store.Database(), stream, audittest.On(w, w.Store.Database()), lead)
	w.must(err)
	return b
}

// issuer is a process with a clock of its own.
type issuer struct {
	*world
	*Ring
	clock func() time.Time
}

// issuer starts one whose clock goes ahead of the database's machine.
func (w *world) issuer(ahead time.Duration, keys ...Key) *issuer {
	w.Helper()
	s := w.opened()
	b, err := NewBook(s.Database(), s, audittest.On(w, s.Database()), lead)
	w.must(err)
	clock := func() time.Time { return time.Now().Add(ahead) }
	r, err := New(Config{Book: b, Keys: keys, Now: clock})
	w.must(err)
	_, err = b.Begin(w.Context(), keys[0].Public(), w.by())
	w.must(err)
	w.announced()
	w.must(r.Refresh(w.Context()))
	return &issuer{w, r, clock}
}

// by is the operator.
func (w *world) by() audit.Entry {
	return audit.Entry{AtMs: time.Now().UnixMilli(), Who: "night-shift", Role: staff.Operator}
}

// announced does what an issuer does each hour.
func (w *world) announced() {
	w.Helper()
	keys, err := w.Announceable(w.Context())
	w.must(err)
	for _, k := range keys {
		_, err := w.Store.AnnounceKey(w.Context(), k.ID, k.Key, time.Now().UnixMilli())
		w.must(err)
	}
}

// published does what the publisher does: the outbox is empty afterwards.
func (w *world) published() { w.exec(`DELETE FROM outbox`) }

// passes lets time pass: everything that was written was written earlier.
func (w *world) passes(d time.Duration) {
	w.Helper()
	ms := d.Milliseconds()
	w.exec(`UPDATE issuer_keys SET ordered_ms = ordered_ms - $1, published_ms = published_ms - $1, use_from_ms = use_from_ms - $1, rest_ms = rest_ms - $1, retired_ms = retired_ms - $1`, ms)
	w.exec(`UPDATE sessions SET start_ms = start_ms - $1`, ms)
	w.exec(`UPDATE key_cutoffs SET cut_off = cut_off - $1`, ms/1000)
}

// signs asserts the key that every issuer signs with, after a look.
func (w *world) signs(want tokens.KeyID, issuers ...*issuer) {
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
func (w *world) silent(in *issuer, why string) {
	w.Helper()
	w.must(in.Refresh(w.Context()))
	id, signer, err := in.Current(in.clock())
	if id != 0 || signer != nil {
		w.Fatalf("signs with key %d", id)
	}
	w.refused(err, ErrNoKey, why)
}

func (w *world) refused(err, want error, about string) {
	w.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), about) {
		w.Fatalf("%v, want %v with %q", err, want, about)
	}
}

// session is one that was opened under a key just now.
func (w *world) session(n int, id tokens.KeyID) {
	w.Helper()
	name := fmt.Sprint(n)
	w.exec(`INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms) VALUES ($1, $2, 1, $2, $2, $2, $2, 1)`, name, []byte(name))
	w.exec(`INSERT INTO checks (id, application, passed_ms, expires_ms) VALUES ($1, $1, 1, 1)`, name)
	w.exec(`INSERT INTO sessions (id, application, check_id, key_id, start_ms) VALUES ($1, $1, $1, $2, $3)`, name, int64(id), time.Now().UnixMilli())
}

// states are those of all keys as the operator sees them, in the order in which
// they were announced.
func (w *world) states(want ...State) []Line {
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

// trail has what was ordered of keys, oldest first.
func (w *world) trail() (lines []string) {
	w.Helper()
	rows, err := w.Store.Database().Writer().QueryContext(w.Context(), `SELECT RTRIM(who || ' ' || role || ' ' || action || ' ' || object || ' ' || detail) FROM audit ORDER BY id`)
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

func (w *world) exec(query string, args ...any) {
	w.Helper()
	_, err := w.Store.Database().Writer().ExecContext(w.Context(), query, args...)
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ok is for orders: it must have been given, and have changed something.
func (w *world) ok(changed bool, err error) {
	w.Helper()
	if err != nil || !changed {
		w.Fatalf("changed %v: %v", changed, err)
	}
}

// deaf is a stream to which nothing gets through.
type deaf struct{}

var errDeaf = errors.New("the power went out")

func (deaf) AnnounceKey(context.Context, tokens.KeyID, [tokens.PublicKeySize]byte, int64) (bool, error) {
	return false, errDeaf
}
