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

// markedReference is a recognizable reference of the ticketing system.
const markedReference = "E-MARKED-77"

// usedAccount is an account with data in every table.
func (env *setup) usedAccount() (h account.Holder, guest Line) {
	env.T.Helper()
	h = env.registerVerified(withRareName(resident(1)))
	guest = env.addPassenger(h, withRareName(visitor(1)))
	env.addPassenger(h, resident(2))
	env.record(env.purchase(h, markedReference, guest.ID, ""))
	_, err := env.Verify(env.T.Context(), Check{
		Principal: env.by(staff.Window), Entry: Ref{h.Account(), guest.ID}, Version: 1, Matches: true,
		Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.HolderNumber, Value: "1"}},
	})
	env.Refused(err, rules.ProofWrong, "a wrong proof")
	return h, guest
}

func TestB12_HolderCanExportAllPersonalData(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, guest := env.usedAccount()
		data, err := env.PersonalData(t.Context(), h)
		env.Must(err)
		if o := data.Own; o.Person.Number != resident(1).DocumentNumber || o.Status != rules.Verified || o.Tickets != 2 || o.OwnTickets != 1 || data.FailedProofs != (throttle.LockState{}) {
			t.Errorf("the holder: %v, %d and %d tickets", o.Status, o.Tickets, o.OwnTickets)
		}
		if len(data.Passengers) != 2 || len(data.Tickets) != 2 {
			t.Fatalf("%d passengers, %d tickets", len(data.Passengers), len(data.Tickets))
		}
		for _, p := range data.Passengers {
			if its := p.ID == guest.ID; p.Policy != policy || !p.AgreedAt.Equal(env.Now()) || its != (p.FailedProofs == throttle.LockState{Failures: 1}) || its != (p.Tickets == 1) || its != (p.Person == guest.Person) {
				t.Errorf("%s: %v, %+v", p.ID, p.Status, p.FailedProofs)
			}
		}
		for _, ticket := range data.Tickets {
			if ticket.Passenger != "" && ticket.Passenger != guest.ID || ticket.State != Valid || !ticket.ReportedAt.Equal(env.Now()) || !ticket.Ends.Equal(env.Now().Add(2*day)) {
				t.Errorf("%+v", ticket)
			}
		}
	})
}

// Rules B4 and B5 keep one hash, until a time that the preview states.
func TestB12_ClosedAccountLeavesAtMostAHash(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, guest := env.usedAccount()
		c, err := env.PreviewClosing(t.Context(), h)
		var r *problem.Error
		if err != nil || !errors.As(c.Refused, &r) || r.Code != TicketsUnfinished || r.RetryAt != env.Now().Add(2*day).Unix() {
			t.Fatalf("preview: %v, %v", c.Refused, err)
		}
		env.Refused(env.closeAccount(h), TicketsUnfinished, "before the journey")
		if env.line(h, guest.ID).Tickets != 1 {
			t.Fatal("a refused closing changed the database")
		}
		env.Pass(2 * day)
		takenUntil := env.Now().Add(180 * day) // the guest is to be submitted and has a ticket
		if c, err = env.PreviewClosing(t.Context(), h); err != nil || c.Refused != nil || !c.TakenUntil.Equal(takenUntil) {
			t.Fatalf("preview: %v until %v: %v", c.Refused, c.TakenUntil, err)
		}
		env.Must(env.closeAccount(h))
		for _, table := range []string{"holders", "passengers", "tickets", "accounts"} {
			if n := env.Count(`SELECT COUNT(*) FROM ` + table); n != 0 {
				t.Errorf("%d rows remain in %s", n, table)
			}
		}
		env.Refuses(account.LoginRequired, "the list")(env.List(t.Context(), h))
		env.Refuses(account.LoginRequired, "personal data")(env.PersonalData(t.Context(), h))
		env.Refuses(account.LoginRequired, "an addition")(env.Add(t.Context(), h, enteredPassenger(resident(3))))
		env.Refused(env.tryRegister("marked_again", resident(1)), rules.IdentityRegistered, "the same person immediately after")

		env.Pass(takenUntil.Sub(env.Now()) - time.Millisecond)
		if s, err := env.Sweep(t.Context(), env.Now()); s != (Swept{}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		env.Refused(env.tryRegister("marked_again", resident(1)), rules.IdentityRegistered, "a millisecond too early")
		env.Pass(time.Millisecond)
		if s, err := env.Sweep(t.Context(), env.Now()); s != (Swept{Identities: 1}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Errorf("%d hashes remain", n)
		}
		if err := env.tryRegister("marked_again", resident(1)); err != nil {
			t.Errorf("after that time: %v", err)
		}
	})
}

// A window frees the identity earlier; an account without a list leaves no hash. An identity becomes
// free at its time, whether or not it was swept.
func TestB4_ClosingDoesNotCircumventTheList(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		verifyResident(env, h, env.addPassenger(h, resident(2)).ID)
		env.Must(env.closeAccount(h))
		env.Refused(env.tryRegister("marked_again", resident(1)), rules.IdentityRegistered, "with a verified passenger of today")
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}))
		again := env.register(resident(1))
		env.Must(env.closeAccount(again))
		if n := env.Count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Fatalf("an account without a list left %d hashes", n)
		}
		h = env.registerVerified(resident(1))
		verifyResident(env, h, env.addPassenger(h, resident(2)).ID)
		env.Must(env.closeAccount(h))
		env.Pass(180 * day)
		env.register(resident(1))
	})
}

// Of a concurrent purchase and closing, one is refused.
func TestClosingConcurrentWithAPurchase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		for i := range 4 {
			h := env.register(visitor(i))
			login := env.logins
			got := env.whileLocked(h, 2, func(k int) error {
				if k == i%2 {
					return env.closeAccount(h)
				}
				return env.RecordTicketEvent(t.Context(), env.purchase(h, fmt.Sprintf("T%d", login), ""))
			})
			tickets := env.Count(`SELECT COUNT(*) FROM tickets WHERE account = $1`, h.Account())
			if got[""] != 1 || got[TicketsUnfinished] != tickets || got[EntryNotFound] != 1-tickets {
				t.Fatalf("%v, %d tickets", got, tickets)
			}
		}
	})
}

func TestOldTicketsAreDeleted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		first := env.purchase(h, "T1", "")
		env.record(first)
		env.Pass(2*day + TicketKept - time.Millisecond)
		env.record(env.purchase(h, "T2", ""))
		env.record(first)
		if s, err := env.Sweep(t.Context(), env.Now()); s != (Swept{}) || err != nil {
			t.Errorf("swept %+v too early: %v", s, err)
		}
		env.Pass(time.Millisecond)
		env.wantEventProblem(first, EventInvalid, "a repetition so late that it would count again")
		if s, err := env.Sweep(t.Context(), env.Now()); s != (Swept{Tickets: 1}) || err != nil {
			t.Errorf("swept %+v: %v", s, err)
		}
		if env.Count(`SELECT COUNT(*) FROM tickets`) != 1 || env.Count(`SELECT tickets FROM holders`) != 2 {
			t.Error("the counts changed")
		}
	})
}

// The database files contain neither personal data nor ticket references.
func TestB12_DatabaseFileContainsNoPersonalData(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, _ := env.usedAccount()
		marked := append([]string{markedReference, resident(1).DocumentNumber, resident(2).DocumentNumber, visitor(1).DocumentNumber}, secrets...)
		if strings.HasPrefix(env.Address, "postgres") {
			const holds = ` r WHERE POSITION($1::bytea IN convert_to(r::text, 'UTF8')) > 0 OR POSITION(encode($1::bytea, 'hex') IN r::text) > 0`
			if env.Count(`SELECT COUNT(*) FROM passengers`+holds, []byte(h.Account())) != 2 {
				t.Error("the search does not find the account id: the test proves nothing")
			}
			for _, table := range []string{"holders", "identities", "passengers", "tickets", "audit", "failures"} {
				for _, secret := range marked {
					if n := env.Count(`SELECT COUNT(*) FROM `+table+holds, []byte(secret)); n > 0 {
						t.Errorf("%d rows of %s contain %q", n, table, secret)
					}
				}
			}
			return
		}
		seen := 0
		for _, suffix := range []string{"", "-wal"} {
			file, err := os.ReadFile(env.Address + suffix)
			env.Must(err)
			if bytes.Contains(file, []byte(h.Account())) {
				seen++
			}
			for _, secret := range marked {
				if bytes.Contains(file, []byte(secret)) {
					t.Errorf("issuer.db%s contains %q", suffix, secret)
				}
			}
		}
		if seen == 0 {
			t.Error("the search does not find the account id: the test proves nothing")
		}
	})
}

// The error names the place of a reEncrypted field and not its content.
func TestPersonMovedInTheDatabaseIsAFault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		a, b := env.addPassenger(h, resident(2)), env.addPassenger(h, resident(3))
		err := env.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE passengers SET person = (SELECT person FROM passengers WHERE id = $1) WHERE id = $2`, a.ID, b.ID)
			return err
		})
		env.Must(err)
		_, err = env.List(t.Context(), h)
		if !errors.Is(err, vault.ErrAltered) || !strings.Contains(err.Error(), "column person of passengers "+b.ID) {
			t.Fatalf("%v", err)
		}
		env.TellsNothing(err)
	})
}

// Every column of EncryptedColumns is encrypted for its place and can be re-encrypted with a newer
// field key.
func TestEncryptedColumnsAreReEncrypted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, _ := env.usedAccount()
		newer := vault.New(vault.Master{1, 2, 3}, vault.FieldKey{Number: 1, Secret: vault.Key{7}})
		reEncrypted := 0
		for _, c := range EncryptedColumns() {
			type field struct {
				id        string
				encrypted []byte
			}
			var fields []field
			rows, err := env.DB.Writer().Query(`SELECT ` + c.Key + `, ` + c.Column + ` FROM ` + c.Table)
			env.Must(err)
			for rows.Next() {
				var f field
				env.Must(rows.Scan(&f.id, &f.encrypted))
				fields = append(fields, f)
			}
			rows.Close()
			for _, f := range fields {
				encrypted, err := newer.ReEncrypt(f.encrypted, vault.Place{Table: c.Table, Column: c.Column, Row: f.id})
				env.Must(err)
				env.Exec(`UPDATE `+c.Table+` SET `+c.Column+` = $1 WHERE `+c.Key+` = $2`, encrypted, f.id)
				reEncrypted++
			}
		}
		if _, err := env.List(t.Context(), h); reEncrypted != 5 || !errors.Is(err, vault.ErrKey) {
			t.Fatalf("re-encrypted %d: %v", reEncrypted, err)
		}
		env.Store.Vault = newer
		if l, err := env.List(t.Context(), h); err != nil || l.Own.Person.Number != resident(1).DocumentNumber || len(l.Passengers) != 2 {
			t.Fatalf("with the new key: %v", err)
		}
		if data, err := env.PersonalData(t.Context(), h); err != nil || len(data.Tickets) != 2 || data.Tickets[0].Order != "MarkedOrder" || data.Tickets[0].Journey.From != "Marked South" {
			t.Fatalf("tickets with the new key: %v", err)
		}
	})
}
