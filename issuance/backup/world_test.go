package backup

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestMain(m *testing.M) { databasetest.Main(m, "recovery") }

// noon of a day in Beijing, Unix ms.
var noon = time.Date(2026, 2, 10, 4, 0, 0, 0, time.UTC).UnixMilli()

const day = 24 * 60 * 60 * 1000 // ms

// house is a database and everything that was given out of it, whatever became of
// the database.
type house struct {
	*testing.T
	address string
	store   *store.Store
	people  int
	given   map[tokens.Serial]bool
}

func newHouse(t *testing.T, address string) *house {
	h := &house{T: t, address: address, given: make(map[tokens.Serial]bool)}
	h.open()
	return h
}

// open starts an issuer's store; what was open ends, as with its process.
func (h *house) open() {
	h.Helper()
	h.close()
	s, err := store.Open(h.Context(), store.Config{Database: h.address, Partitions: 2, Now: func() time.Time { return time.UnixMilli(noon) }})
	h.must(err)
	h.Cleanup(func() { s.Close() })
	h.store = s
	s.SetTrail(h.trail())
}

func (h *house) trail() *audit.Trail { return audittest.On(h, h.store.Database()) }

func (h *house) close() {
	if h.store != nil {
		h.store.Close()
	}
}

// approve gives n people their credentials. A serial that was given before fails
// the test.
func (h *house) approve(n int, atMs int64) (last tokens.Serial) {
	h.Helper()
	for range n {
		h.people++
		id := fmt.Sprintf("app_%d", h.people)
		person := vault.PersonHash{byte(h.people), byte(h.people >> 8)}
		h.must(h.store.CreateApplication(h.Context(), store.Application{ID: id, Access: [32]byte(person), Person: person, Document: 1,
			Name: []byte{1}, Number: []byte{1}, City: []byte{1}, CreatedMs: atMs}))
		d, err := h.store.Decide(h.Context(), id, nil, store.Grant{Person: person, Month: 202602, Quota: 3, Day: uint16(tokens.DayOf(atMs / 1000)),
			Scopes: tokens.AllScopes, ApprovedMs: atMs, ExpiresMs: atMs + day}, func(error) problem.Code { return "" })
		if err != nil || !d.Approved {
			h.Fatalf("approved %v: %v", d.Approved, err)
		}
		if last = d.Credential.Serial; h.given[last] {
			h.Fatalf("serial %s was given twice", last)
		}
		h.given[last] = true
	}
	return last
}

func (h *house) revoke(serial tokens.Serial) {
	h.Helper()
	_, _, err := h.store.Apply(h.Context(), store.Change{Serial: serial, Revoke: true, Reason: "fraud", Who: "window-7", AtMs: noon + 1})
	h.must(err)
}

func (h *house) by(atMs int64) audit.Entry {
	return audit.Entry{AtMs: atMs, Who: "night-shift", Role: staff.Operator}
}

// restored does what the operator does after the files are back: the copy was made
// at noon, and much was given since, none of which may be given again.
func (h *house) restored(revoked tokens.Serial, atMs int64) {
	h.Helper()
	h.open()
	before, err := h.store.Epoch(h.Context())
	h.must(err)
	r, err := AfterRestore(h.Context(), h.store.Database(), h.store, h.trail(), h.by(atMs))
	h.must(err)
	today := uint16(tokens.DayOf(atMs / 1000))
	if len(r.Days) != 3 || r.Days[0].Day != today-1 || r.Days[2].Day != today+1 || r.Epoch <= max(before, uint64(atMs)) {
		h.Fatalf("%+v, after epoch %d", r, before)
	}
	for _, d := range r.Days {
		if d.Next < SerialJump {
			h.Errorf("day %d goes on at %d", d.Day, d.Next)
		}
	}
	h.open() // the issuer starts
	h.approve(60, atMs)
	h.approve(1, noon)
	// Everything in force is said again.
	said := make(map[revocation.Kind]int)
	for p := range 2 {
		pending, err := h.store.Take(h.Context(), r.Epoch, p, 0, 100)
		h.must(err)
		for _, rec := range pending.Records {
			if said[rec.Kind]++; rec.Kind == revocation.KindRevoke && rec.Serial != revoked {
				h.Errorf("%s is revoked, want %s", rec.Serial, revoked)
			}
		}
	}
	if said[revocation.KindRevoke] != 1 || said[revocation.KindAnnounceKey] != 1 {
		h.Errorf("said again: %v", said)
	}
	var line string
	h.must(h.store.Database().Writer().QueryRow(`SELECT who || ' ' || action || ' ' || object || ' ' || detail FROM audit ORDER BY id`).Scan(&line))
	if want := fmt.Sprintf("night-shift restore restored serials of days %d to %d jump by 16777216", today-1, today+1); line != want {
		h.Errorf("the trail says %q, want %q", line, want)
	}
}

// announce tells the stream of a key, and the publisher takes it there.
func (h *house) announce() {
	h.Helper()
	_, err := h.store.AnnounceKey(h.Context(), 7, signing.NewKey([signing.SeedSize]byte{7}).Public(), noon)
	h.must(err)
	h.emptied()
}

// emptied is the outbox once the publisher was there.
func (h *house) emptied() {
	h.Helper()
	_, err := h.store.Database().Writer().ExecContext(h.Context(), `DELETE FROM outbox`)
	h.must(err)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// mute cannot say anything again.
type mute struct{ error }

func (m mute) OrderRestatement(context.Context, string, int64) (uint64, error) { return 0, m.error }
