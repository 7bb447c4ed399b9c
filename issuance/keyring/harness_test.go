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

// harness is a database and an operator's commands on it.
type harness struct {
	*testing.T
	*outbox.Outbox
	*Store
	*sessions
	address string
}

// each runs a test on every kind of database.
func each(t *testing.T, test func(t *testing.T, h *harness)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := &harness{T: t, sessions: new(sessions), address: address}
		h.Outbox = h.openOutbox()
		h.Store = h.newStore(h.Outbox)
		test(t, h)
	})
}

// openOutbox opens another process's outbox on the same database.
func (h *harness) openOutbox() *outbox.Outbox {
	h.Helper()
	o, err := outbox.Open(h.Context(), outbox.Config{Database: h.address, Partitions: 1, Sources: []outbox.Source{ActiveRecords}})
	h.must(err)
	h.Cleanup(func() { o.Close() })
	return o
}

func (h *harness) newStore(box *outbox.Outbox) *Store {
	h.Helper()
	s, err := NewStore(Config{Outbox: box, Sessions: h.sessions, AuditLog: audittest.OpenLog(h, box.Database()), Lead: lead})
	h.must(err)
	return s
}

// sessions implements Sessions.
type sessions struct {
	mu     sync.Mutex
	starts []start // guarded by mu
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
	*harness
	*Ring
	clock func() time.Time
}

// newIssuer starts an issuer whose clock is ahead of the database clock.
func (h *harness) newIssuer(ahead time.Duration, keys ...Key) *issuer {
	h.Helper()
	s := h.newStore(h.openOutbox())
	clock := func() time.Time { return time.Now().Add(ahead) }
	r, err := New(RingConfig{Store: s, Keys: keys, Now: clock})
	h.must(err)
	_, err = s.Bootstrap(h.Context(), keys[0].Public(), h.by())
	h.must(err)
	h.announceDue()
	h.must(r.Refresh(h.Context()))
	return &issuer{h, r, clock}
}

// by is the operator.
func (h *harness) by() audit.Entry {
	return audit.Entry{AtMs: time.Now().UnixMilli(), Who: "night-shift", Role: staff.Operator}
}

// announceDue does what an issuer does each hour.
func (h *harness) announceDue() {
	h.Helper()
	keys, err := h.Announceable(h.Context())
	h.must(err)
	for _, k := range keys {
		_, err := h.Publish(h.Context(), k, database.MillisAt(time.Now()))
		h.must(err)
	}
}

// publishAll does what the publisher does: the outbox is empty afterwards.
func (h *harness) publishAll() { h.execSQL(`DELETE FROM outbox`) }

// advance moves all stored times into the past.
func (h *harness) advance(d time.Duration) {
	h.Helper()
	ms := d.Milliseconds()
	h.execSQL(`UPDATE issuer_keys SET ordered_ms = ordered_ms - $1, published_ms = published_ms - $1, use_from_ms = use_from_ms - $1, inactive_ms = inactive_ms - $1, retired_ms = retired_ms - $1`, ms)
	h.sessions.mu.Lock()
	for i := range h.starts {
		h.starts[i].at -= database.Millis(ms)
	}
	h.sessions.mu.Unlock()
	h.execSQL(`UPDATE key_cutoffs SET cut_off = cut_off - $1`, ms/1000)
}

// requireSigns refreshes every issuer and checks the key that it signs with.
func (h *harness) requireSigns(want tokens.KeyID, issuers ...*issuer) {
	h.Helper()
	for i, in := range issuers {
		h.must(in.Refresh(h.Context()))
		id, signer, err := in.Current(in.clock())
		if err != nil || id != want || signer.Public() != key(byte(want)).Signer.Public() {
			h.Fatalf("issuer %d signs with key %d, want %d: %v", i, id, want, err)
		}
	}
}

// requireSilent refreshes an issuer and checks that it signs nothing, and why.
func (h *harness) requireSilent(in *issuer, why string) {
	h.Helper()
	h.must(in.Refresh(h.Context()))
	id, signer, err := in.Current(in.clock())
	if id != 0 || signer != nil {
		h.Fatalf("signs with key %d", id)
	}
	h.requireError(err, ErrNoKey, why)
}

func (h *harness) requireError(err, want error, about string) {
	h.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), about) {
		h.Fatalf("%v, want %v with %q", err, want, about)
	}
}

// addSession adds a session that was opened under a key just now.
func (h *harness) addSession(id tokens.KeyID) {
	h.sessions.mu.Lock()
	defer h.sessions.mu.Unlock()
	h.starts = append(h.starts, start{id, database.MillisAt(time.Now())})
}

// requireStates checks the states of all keys in the operator's table, in the order of
// their announcements.
func (h *harness) requireStates(want ...State) []Line {
	h.Helper()
	lines, err := h.List(h.Context())
	h.must(err)
	var got []State
	for _, l := range lines {
		got = append(got, l.State)
	}
	if !slices.Equal(got, want) {
		h.Fatalf("the keys are %v, want %v", got, want)
	}
	return lines
}

// auditLog has the commands on keys, oldest first.
func (h *harness) auditLog() (lines []string) {
	h.Helper()
	rows, err := h.Outbox.Database().Writer().QueryContext(h.Context(), `SELECT RTRIM(who || ' ' || role || ' ' || action || ' ' || object || ' ' || detail) FROM audit ORDER BY id`)
	h.must(err)
	defer rows.Close()
	for rows.Next() {
		var line string
		h.must(rows.Scan(&line))
		lines = append(lines, line)
	}
	h.must(rows.Err())
	return lines
}

func (h *harness) execSQL(query string, args ...any) {
	h.Helper()
	_, err := h.Outbox.Database().Writer().ExecContext(h.Context(), query, args...)
	h.must(err)
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// requireChanged checks that a command succeeded and changed something.
func (h *harness) requireChanged(changed bool, err error) {
	h.Helper()
	if err != nil || !changed {
		h.Fatalf("changed %v: %v", changed, err)
	}
}
