package registry

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// markedReference is the ticketing system's.
const markedReference = "E-MARKED-77"

// lived is an account in which something of everything happened.
func (w *system) lived() (h account.Holder, guest Line) {
	w.T.Helper()
	h = w.verified(rare(resident(1)))
	guest = w.adds(h, rare(visitor(1)))
	w.adds(h, resident(2))
	w.records(w.bought(h, markedReference, guest.ID, ""))
	_, err := w.Verify(w.T.Context(), Check{
		Principal: w.by(staff.Window), Entry: Ref{h.Account(), guest.ID}, Version: 1, Matches: true,
		Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.HolderNumber, Value: "1"}},
	})
	w.Refused(err, rules.ProofWrong, "a wrong proof")
	return h, guest
}

func TestB12_HolderCanExportAllPersonalData(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, guest := w.lived()
		held, err := w.PersonalData(t.Context(), h)
		w.Must(err)
		if o := held.Own; o.Person.Number != resident(1).DocumentNumber || o.Status != rules.Verified || o.Tickets != 2 || o.OwnTickets != 1 || held.FailedProofs != (throttle.LockState{}) {
			t.Errorf("the holder: %v, %d and %d tickets", o.Status, o.Tickets, o.OwnTickets)
		}
		if len(held.Passengers) != 2 || len(held.Tickets) != 2 {
			t.Fatalf("%d passengers, %d tickets", len(held.Passengers), len(held.Tickets))
		}
		for _, p := range held.Passengers {
			if its := p.ID == guest.ID; p.Policy != policy || !p.AgreedAt.Equal(w.Now()) || its != (p.FailedProofs == throttle.LockState{Failures: 1}) || its != (p.Tickets == 1) || its != (p.Person == guest.Person) {
				t.Errorf("%s: %v, %+v", p.ID, p.Status, p.FailedProofs)
			}
		}
		for _, ticket := range held.Tickets {
			if ticket.Passenger != "" && ticket.Passenger != guest.ID || ticket.State != Valid || !ticket.ReportedAt.Equal(w.Now()) || !ticket.Ends.Equal(w.Now().Add(2*day)) {
				t.Errorf("%+v", ticket)
			}
		}
	})
}

// Closing takes everything; what rules B4 and B5 keep is one hash, for a time
// that the holder is told.
func TestB12_ClosedAccountLeavesAHashAtMost(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, guest := w.lived()
		c, err := w.PreviewClosing(t.Context(), h)
		var r *problem.Error
		if err != nil || !errors.As(c.Refused, &r) || r.Code != TicketsUnfinished || r.RetryAt != w.Now().Add(2*day).Unix() {
			t.Fatalf("asked: %v, %v", c.Refused, err)
		}
		w.Refused(w.closes(h), TicketsUnfinished, "before the journey")
		if w.lineOf(h, guest.ID).Tickets != 1 {
			t.Fatal("a refused closing took something")
		}
		w.Pass(2 * day)
		held := w.Now().Add(180 * day) // the guest is to be submitted and has a ticket
		if c, err = w.PreviewClosing(t.Context(), h); err != nil || c.Refused != nil || !c.TakenUntil.Equal(held) {
			t.Fatalf("asked: %v until %v: %v", c.Refused, c.TakenUntil, err)
		}
		w.Must(w.closes(h))
		for _, table := range []string{"holders", "passengers", "tickets", "accounts"} {
			if n := w.Count(`SELECT COUNT(*) FROM ` + table); n != 0 {
				t.Errorf("%d rows are left of %s", n, table)
			}
		}
		w.Refuses(account.LoginRequired, "the list")(w.List(t.Context(), h))
		w.Refuses(account.LoginRequired, "what is held")(w.PersonalData(t.Context(), h))
		w.Refuses(account.LoginRequired, "an addition")(w.Add(t.Context(), h, entered(resident(3))))
		w.Refused(w.tries("marked_again", resident(1)), rules.IdentityRegistered, "the same person at once")

		w.Pass(held.Sub(w.Now()) - time.Millisecond)
		if s, err := w.Sweep(t.Context(), w.Now()); s != (Swept{}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		w.Refused(w.tries("marked_again", resident(1)), rules.IdentityRegistered, "a millisecond too early")
		w.Pass(time.Millisecond)
		if s, err := w.Sweep(t.Context(), w.Now()); s != (Swept{Identities: 1}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Errorf("%d hashes are left", n)
		}
		if err := w.tries("marked_again", resident(1)); err != nil {
			t.Errorf("then: %v", err)
		}
	})
}

// Whoever cannot wait comes in person; and who left nothing need not wait. An
// identity is free at its time, whether or not it was swept.
func TestB4_ClosingIsNoWayRoundTheList(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		verifyResident(w, h, w.adds(h, resident(2)).ID)
		w.Must(w.closes(h))
		w.Refused(w.tries("marked_again", resident(1)), rules.IdentityRegistered, "with a verified passenger of today")
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}))
		again := w.registers(resident(1))
		w.Must(w.closes(again))
		if n := w.Count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Fatalf("an account without a list left %d hashes", n)
		}
		h = w.verified(resident(1))
		verifyResident(w, h, w.adds(h, resident(2)).ID)
		w.Must(w.closes(h))
		w.Pass(180 * day)
		w.registers(resident(1))
	})
}

// A purchase and the closing of its account at once: one of them is refused.
func TestClosingLosesNoTicket(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for i := range 4 {
			h := w.registers(visitor(i))
			login := w.logins
			got := w.inTheWay(h, 2, func(k int) error {
				if k == i%2 {
					return w.closes(h)
				}
				return w.RecordTicketEvent(t.Context(), w.bought(h, fmt.Sprintf("T%d", login), ""))
			})
			tickets := w.Count(`SELECT COUNT(*) FROM tickets WHERE account = $1`, h.Account())
			if got[""] != 1 || got[TicketsUnfinished] != tickets || got[EntryNotFound] != 1-tickets {
				t.Fatalf("%v, %d tickets", got, tickets)
			}
		}
	})
}

func TestTicketsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		first := w.bought(h, "T1", "")
		w.records(first)
		w.Pass(2*day + TicketKept - time.Millisecond)
		w.records(w.bought(h, "T2", ""))
		w.records(first)
		if s, err := w.Sweep(t.Context(), w.Now()); s != (Swept{}) || err != nil {
			t.Errorf("swept %+v too early: %v", s, err)
		}
		w.Pass(time.Millisecond)
		w.notRecorded(first, EventInvalid, "a report so late that it would count once more")
		if s, err := w.Sweep(t.Context(), w.Now()); s != (Swept{Tickets: 1}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		if w.Count(`SELECT COUNT(*) FROM tickets`) != 1 || w.Count(`SELECT tickets FROM holders`) != 2 {
			t.Error("the counts must stay")
		}
	})
}

// The files of the database are read as a thief would: nothing personal is in
// them, and no ticket's reference.
func TestB12_DatabaseFileContainsNoPersonalData(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, _ := w.lived()
		marked := append([]string{markedReference, resident(1).DocumentNumber, resident(2).DocumentNumber, visitor(1).DocumentNumber}, secrets...)
		if strings.HasPrefix(w.Address, "postgres") {
			const holds = ` r WHERE POSITION($1::bytea IN convert_to(r::text, 'UTF8')) > 0 OR POSITION(encode($1::bytea, 'hex') IN r::text) > 0`
			if w.Count(`SELECT COUNT(*) FROM passengers`+holds, []byte(h.Account())) != 2 {
				t.Error("the search does not find what is there: it proves nothing")
			}
			for _, table := range []string{"holders", "identities", "passengers", "tickets", "audit", "failures"} {
				for _, secret := range marked {
					if n := w.Count(`SELECT COUNT(*) FROM `+table+holds, []byte(secret)); n > 0 {
						t.Errorf("%d rows of %s hold %q", n, table, secret)
					}
				}
			}
			return
		}
		seen := 0
		for _, suffix := range []string{"", "-wal"} {
			file, err := os.ReadFile(w.Address + suffix)
			w.Must(err)
			if bytes.Contains(file, []byte(h.Account())) {
				seen++
			}
			for _, secret := range marked {
				if bytes.Contains(file, []byte(secret)) {
					t.Errorf("issuer.db%s holds %q", suffix, secret)
				}
			}
		}
		if seen == 0 {
			t.Error("the search finds nothing at all: it proves nothing")
		}
	})
}

// A person that somebody moved in the database does not open, and the fault says
// where it is and not what.
func TestMovedPersonIsAFault(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		a, b := w.adds(h, resident(2)), w.adds(h, resident(3))
		err := w.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE passengers SET person = (SELECT person FROM passengers WHERE id = $1) WHERE id = $2`, a.ID, b.ID)
			return err
		})
		w.Must(err)
		_, err = w.List(t.Context(), h)
		if !errors.Is(err, vault.ErrBroke) || !strings.Contains(err.Error(), "column person of passengers "+b.ID) {
			t.Fatalf("%v", err)
		}
		w.TellsNothing(err)
	})
}

// Every column that EncryptedColumns names is sealed for the place that it names, and
// moves to a newer field key.
func TestEncryptedColumnsMoveToANewKey(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, _ := w.lived()
		newer := vault.New(vault.Master{1, 2, 3}, vault.FieldKey{Number: 1, Secret: vault.Key{7}})
		moved := 0
		for _, c := range EncryptedColumns() {
			type field struct {
				id     string
				sealed []byte
			}
			var fields []field
			rows, err := w.DB.Writer().Query(`SELECT ` + c.Key + `, ` + c.Column + ` FROM ` + c.Table)
			w.Must(err)
			for rows.Next() {
				var f field
				w.Must(rows.Scan(&f.id, &f.sealed))
				fields = append(fields, f)
			}
			rows.Close()
			for _, f := range fields {
				sealed, err := newer.ReEncrypt(f.sealed, vault.Place{Table: c.Table, Column: c.Column, Row: f.id})
				w.Must(err)
				w.Exec(`UPDATE `+c.Table+` SET `+c.Column+` = $1 WHERE `+c.Key+` = $2`, sealed, f.id)
				moved++
			}
		}
		if _, err := w.List(t.Context(), h); moved != 5 || !errors.Is(err, vault.ErrKey) {
			t.Fatalf("moved %d: %v", moved, err)
		}
		w.Store.Vault = newer
		if l, err := w.List(t.Context(), h); err != nil || l.Own.Person.Number != resident(1).DocumentNumber || len(l.Passengers) != 2 {
			t.Fatalf("under the new key: %v", err)
		}
		if held, err := w.PersonalData(t.Context(), h); err != nil || len(held.Tickets) != 2 || held.Tickets[0].Order != "MarkedOrder" || held.Tickets[0].Journey.From != "Marked South" {
			t.Fatalf("tickets under the new key: %v", err)
		}
	})
}
