package backup

import (
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func TestMain(m *testing.M) { databasetest.Main(m, "backup") }

// noon of a day in Beijing, Unix ms.
var noon = time.Date(2026, 2, 10, 4, 0, 0, 0, time.UTC).UnixMilli()

const day = 24 * 60 * 60 * 1000 // ms

// system is a database and everything that was given out of it, whatever became of
// the database.
type system struct {
	*testing.T
	address string
	outbox  *outbox.Outbox
	store   *credential.Store
	people  int
	given   map[tokens.Serial]bool
}

func newSystem(t *testing.T, address string) *system {
	h := &system{T: t, address: address, given: make(map[tokens.Serial]bool)}
	h.open()
	return h
}

// open starts an issuer's store; what was open ends, as with its process.
func (h *system) open() {
	h.Helper()
	h.close()
	o, err := outbox.Open(h.Context(), outbox.Config{Database: h.address, Partitions: 2, Sources: []outbox.Source{keyring.ActiveRecords, credential.ActiveRecords}, Now: func() time.Time { return time.UnixMilli(noon) }})
	h.must(err)
	h.Cleanup(func() { o.Close() })
	h.outbox, h.store = o, credential.NewStore(o, audittest.On(h, o.Database()))
}

func (h *system) auditLog() *audit.Log { return audittest.On(h, h.outbox.Database()) }

func (h *system) close() {
	if h.outbox != nil {
		h.outbox.Close()
	}
}

// approve gives n people their credentials. A serial that was given before fails
// the test.
func (h *system) approve(n int, atMs int64) (last tokens.Serial) {
	h.Helper()
	for range n {
		h.people++
		id := fmt.Sprintf("app_%d", h.people)
		person := vault.PersonHash{byte(h.people), byte(h.people >> 8)}
		h.must(h.store.CreateApplication(h.Context(), credential.Application{ID: id, Access: [32]byte(person), Person: person, Document: 1,
			Name: []byte{1}, Number: []byte{1}, City: []byte{1}, Created: database.Millis(atMs)}))
		d, err := h.store.Decide(h.Context(), id, nil, credential.Grant{Person: person, At: database.Millis(atMs)})
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

func (h *system) revoke(serial tokens.Serial) {
	h.Helper()
	_, _, err := h.store.SetRevoked(h.Context(), credential.Revocation{Serial: serial, Revoke: true, Reason: "fraud", Who: "window-7", At: database.Millis(noon + 1)})
	h.must(err)
}

func (h *system) by(atMs int64) audit.Entry {
	return audit.Entry{AtMs: atMs, Who: "night-shift", Role: staff.Operator}
}

// restored does what the operator does after the files are back: the copy was made
// at noon, and much was given since, none of which may be given again.
func (h *system) restored(revoked tokens.Serial, atMs int64) {
	h.Helper()
	h.open()
	before, err := h.outbox.Epoch(h.Context())
	h.must(err)
	r, err := AfterRestore(h.Context(), h.outbox, h.auditLog(), h.by(atMs))
	h.must(err)
	today := uint16(tokens.DayOf(atMs / 1000))
	if len(r.Days) != 3 || r.Days[0].Day != today-1 || r.Days[2].Day != today+1 || r.Epoch <= max(before, uint64(atMs)) {
		h.Fatalf("%+v, after epoch %d", r, before)
	}
	for _, d := range r.Days {
		if d.Next < credential.SerialJump {
			h.Errorf("day %d goes on at %d", d.Day, d.Next)
		}
	}
	h.open() // the issuer starts
	h.approve(60, atMs)
	h.approve(1, noon)
	// Everything in force is said again.
	said := make(map[revocation.Kind]int)
	for p := range 2 {
		pending, err := h.outbox.TakeRecords(h.Context(), r.Epoch, p, 0, 100)
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
	h.must(h.outbox.Database().Writer().QueryRow(`SELECT who || ' ' || action || ' ' || object || ' ' || detail FROM audit ORDER BY id`).Scan(&line))
	if want := fmt.Sprintf("night-shift restore restored serials of days %d to %d jump by 16777216", today-1, today+1); line != want {
		h.Errorf("the trail says %q, want %q", line, want)
	}
}

// announce tells the stream of a key, and the publisher takes it there.
func (h *system) announce() {
	h.Helper()
	keys, err := keyring.NewStore(keyring.Config{Outbox: h.outbox, Sessions: credential.Sessions{}})
	h.must(err)
	_, err = keys.Publish(h.Context(), keyring.Public{ID: 7, Key: signing.NewKey([signing.SeedSize]byte{7}).Public()}, database.Millis(noon))
	h.must(err)
	h.emptied()
}

// emptied is the outbox once the publisher was there.
func (h *system) emptied() {
	h.Helper()
	_, err := h.outbox.Database().Writer().ExecContext(h.Context(), `DELETE FROM outbox`)
	h.must(err)
}

func (h *system) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}
