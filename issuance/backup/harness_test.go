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

// harness is a database and every serial that was given, also those of a lost database.
type harness struct {
	*testing.T
	address string
	outbox  *outbox.Outbox
	store   *credential.Store
	people  int
	given   map[tokens.Serial]bool
}

func newHarness(t *testing.T, address string) *harness {
	h := &harness{T: t, address: address, given: make(map[tokens.Serial]bool)}
	h.open()
	return h
}

// open starts an issuer's store; the previous one ends, as with its process.
func (h *harness) open() {
	h.Helper()
	h.close()
	o, err := outbox.Open(h.Context(), outbox.Config{Database: h.address, Partitions: 2, Sources: []outbox.Source{keyring.ActiveRecords, credential.ActiveRecords}, Now: func() time.Time { return time.UnixMilli(noon) }})
	h.must(err)
	h.Cleanup(func() { o.Close() })
	h.outbox, h.store = o, credential.NewStore(o, audittest.OpenLog(h, o.Database()))
}

func (h *harness) auditLog() *audit.Log { return audittest.OpenLog(h, h.outbox.Database()) }

func (h *harness) close() {
	if h.outbox != nil {
		h.outbox.Close()
	}
}

// approve gives n people their credentials. A serial that was given before fails the test.
func (h *harness) approve(n int, atMs int64) (last tokens.Serial) {
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

func (h *harness) revoke(serial tokens.Serial) {
	h.Helper()
	_, _, err := h.store.SetRevoked(h.Context(), credential.Revocation{Serial: serial, Revoke: true, Reason: "fraud", Who: "window-7", At: database.Millis(noon + 1)})
	h.must(err)
}

func (h *harness) by(atMs int64) audit.Entry {
	return audit.Entry{AtMs: atMs, Who: "night-shift", Role: staff.Operator}
}

// requireRestored does what the operator does after the files are restored. The copy was made at
// noon, and many serials were given since, none of which may be given again.
func (h *harness) requireRestored(revoked tokens.Serial, atMs int64) {
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
			h.Errorf("day %d continues at %d", d.Day, d.Next)
		}
	}
	h.open() // the issuer starts
	h.approve(60, atMs)
	h.approve(1, noon)
	// All active records are republished.
	republished := make(map[revocation.Kind]int)
	for p := range 2 {
		pending, err := h.outbox.TakeRecords(h.Context(), r.Epoch, p, 0, 100)
		h.must(err)
		for _, rec := range pending.Records {
			if republished[rec.Kind]++; rec.Kind == revocation.KindRevoke && rec.Serial != revoked {
				h.Errorf("%s is revoked, want %s", rec.Serial, revoked)
			}
		}
	}
	if republished[revocation.KindRevoke] != 1 || republished[revocation.KindAnnounceKey] != 1 {
		h.Errorf("republished: %v", republished)
	}
	var line string
	h.must(h.outbox.Database().Writer().QueryRow(`SELECT who || ' ' || action || ' ' || object || ' ' || detail FROM audit ORDER BY id`).Scan(&line))
	if want := fmt.Sprintf("night-shift restore restored serials of days %d to %d advanced by 16777216", today-1, today+1); line != want {
		h.Errorf("the audit log has %q, want %q", line, want)
	}
}

// announce announces a key and publishes it.
func (h *harness) announce() {
	h.Helper()
	keys, err := keyring.NewStore(keyring.Config{Outbox: h.outbox, Sessions: credential.Sessions{}})
	h.must(err)
	_, err = keys.Publish(h.Context(), keyring.Public{ID: 7, Key: signing.NewKey([signing.SeedSize]byte{7}).Public()}, database.Millis(noon))
	h.must(err)
	h.publishAll()
}

// publishAll publishes all waiting records.
func (h *harness) publishAll() {
	h.Helper()
	_, err := h.outbox.Database().Writer().ExecContext(h.Context(), `DELETE FROM outbox`)
	h.must(err)
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}
