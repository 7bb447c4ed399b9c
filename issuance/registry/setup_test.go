package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/issuerdb"
)

func TestMain(m *testing.M) { databasetest.Main(m, "registry") }

const (
	policy   = issuerdb.Policy
	password = issuerdb.Password
	phone    = "13800004321"
	email    = "marked.holder@example.org"
	day      = 24 * time.Hour
)

// cheap hashing keeps the tests quick: 8 KiB, one pass.
var cheap = account.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

// system is a registry with the accounts that it belongs to, on a database.
type system struct {
	*issuerdb.DB
	*Store
	accounts *account.Service
	staff    map[staff.Role]staff.Member
	logins   int
	identify func(p identity.Person, evidence string) error // what the online check finds; nil: every person passes
	guard    error                                          // what its guard answers
}

// each runs a story on every database.
func each(t *testing.T, story func(t *testing.T, w *system)) {
	issuerdb.Each(t, secrets, func(t *testing.T, d *issuerdb.DB) {
		w := &system{DB: d, staff: map[staff.Role]staff.Member{}}
		w.Store, w.accounts = w.issuer()
		for _, role := range staff.Roles() {
			secret, c, err := staff.New("test-"+string(role), role)
			w.Must(err)
			l, err := staff.NewList(staff.Config{Credentials: []staff.Credential{c}})
			w.Must(err)
			w.staff[role], err = l.Authenticate(secret)
			w.Must(err)
		}
		story(t, w)
	})
}

// issuer makes what an issuer has; several may share the database.
func (w *system) issuer() (*Store, *account.Service) {
	w.T.Helper()
	lockout := w.NewLockout()
	b, err := New(Config{
		Database: w.DB.DB, Vault: w.DB.Vault, AuditLog: audittest.On(w.T, w.DB.DB), Lockout: lockout, Policy: policy, Now: w.DB.Now,
		Identify: func(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (Identified, error) {
			if w.identify != nil {
				if err := w.identify(p, evidence); err != nil {
					return Identified{}, err
				}
			}
			return Identified{"test provider", func(context.Context, database.Queries) error { return w.guard }}, nil
		},
	})
	w.Must(err)
	accounts, err := account.New(account.Config{
		Database: w.DB.DB, Vault: w.DB.Vault, Lockout: lockout, Policy: policy, Hashing: cheap, Now: w.DB.Now,
		Hooks: account.Hooks{
			Registered: b.Registered, IdentityEdited: b.IdentityEdited, Closing: b.Closing,
			LoginsEnded: func(context.Context, *sql.Tx, []string) error { return nil },
			Recovered:   func(context.Context, *sql.Tx, string, string) error { return nil },
		},
	})
	w.Must(err)
	return b, accounts
}

// resident and visitor are made-up people, another one for each n.
var resident, visitor = issuerdb.Resident, issuerdb.Visitor

// rare gives a person a name that only a window handles (rule B1).
func rare(e identity.Entry) identity.Entry {
	e.Name = "測試"
	return e
}

// shown is what finds a person: the document alone.
func shown(e identity.Entry) identity.Entry {
	e.Name, e.Substituted = "", false
	return e
}

func entered(e identity.Entry) EnteredPassenger { return EnteredPassenger{e, policy} }

func registration(login string, e identity.Entry) account.Registration {
	return account.Registration{
		Login: login, Password: password, Policy: policy, Identity: e,
		Contact: account.Contact{Phone: phone, Email: email},
	}
}

// registers opens an account and logs in.
func (w *system) registers(e identity.Entry) account.Holder {
	w.T.Helper()
	w.logins++
	login := fmt.Sprintf("marked_login_%d", w.logins)
	w.Done(w.accounts.Register(w.T.Context(), registration(login, e), issuerdb.Home))
	in, err := w.accounts.LogIn(w.T.Context(), login, password, issuerdb.Home)
	w.Must(err)
	h, err := w.accounts.Authorize(w.T.Context(), in.Token)
	w.Must(err)
	return h
}

// a member's act.
func (w *system) by(r staff.Role) Principal { return Principal{By: w.staff[r], Request: "r1"} }

// edits changes an account's own identity.
func (w *system) edits(h account.Holder, e identity.Entry) error {
	p, err := w.accounts.Profile(w.T.Context(), h)
	if err != nil {
		return err
	}
	_, err = w.accounts.Edit(w.T.Context(), h, account.Edit{Version: p.Version, Identity: e, Contact: p.Contact})
	return err
}

func (w *system) closes(h account.Holder) error {
	return w.accounts.Close(w.T.Context(), h, password, issuerdb.Home)
}

func (w *system) own(h account.Holder) Own {
	w.T.Helper()
	l, err := w.List(w.T.Context(), h)
	w.Must(err)
	return l.Own
}

// lineOf reads one line of a list.
func (w *system) lineOf(h account.Holder, id string) Line {
	w.T.Helper()
	l, err := w.List(w.T.Context(), h)
	w.Must(err)
	for _, p := range l.Passengers {
		if p.ID == id {
			return p
		}
	}
	w.T.Fatalf("no line %s", id)
	return Line{}
}

func (w *system) adds(h account.Holder, e identity.Entry) Line {
	w.T.Helper()
	l, err := w.Add(w.T.Context(), h, entered(e))
	w.Must(err)
	return l
}

// checks has a window look at an entry and say whether it matches.
func (w *system) checks(r Ref, matches bool) rules.Status {
	w.T.Helper()
	seen, err := w.ViewEntry(w.T.Context(), w.by(staff.Window), r)
	w.Must(err)
	c := Check{Principal: w.by(staff.Window), Entry: r, Version: seen.Version, Visit: goodVisit, Matches: matches}
	if seen.ProofNeeded {
		c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
	}
	s, err := w.Verify(w.T.Context(), c)
	w.Must(err)
	return s
}

// goodVisit is one with the original, in date and readable.
var goodVisit = rules.Visit{Original: true, InDate: true, Readable: true}

// becomes asserts what a call makes of an entry: w.becomes(status, what)(call()).
func (w *system) becomes(want rules.Status, what string) func(got rules.Status, err error) {
	return func(got rules.Status, err error) {
		w.T.Helper()
		if got != want || err != nil {
			w.T.Fatalf("%s: %v, want %v: %v", what, got, want, err)
		}
	}
}

// verified is a holder whose own identity was checked; a visitor's by the
// authority as well.
func (w *system) verified(e identity.Entry) account.Holder {
	w.T.Helper()
	h := w.registers(e)
	if w.checks(Ref{Account: h.Account()}, true) == rules.PreVerified {
		w.decides(Ref{Account: h.Account()}, true)
	}
	if s := w.own(h).Status; s != rules.Verified {
		w.T.Fatalf("the holder is %v", s)
	}
	return h
}

func (w *system) decides(r Ref, matches bool) rules.Status {
	w.T.Helper()
	seen, err := w.ViewForAuthority(w.T.Context(), w.by(staff.Authority), r)
	w.Must(err)
	s, err := w.SettleForeign(w.T.Context(), AuthorityResult{w.by(staff.Authority), r, seen.Version, matches})
	w.Must(err)
	return s
}

// bought is a purchase with a ticket for each passenger, under made-up references.
func (w *system) bought(h account.Holder, reference string, passengers ...string) TicketEvent {
	e := TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketsBought, Account: h.Account(), Order: "MarkedOrder"}
	for i, p := range passengers {
		e.Issued = append(e.Issued, Ticket{fmt.Sprintf("%s-%d", reference, i), p, w.Now().Add(2 * day), w.journey()})
	}
	return e
}

// journey is that of every ticket of bought.
func (w *system) journey() *Journey {
	departs := time.Unix(w.Now().Unix(), 0).Add(36 * time.Hour)
	return &Journey{Train: "G101", From: "Marked South", To: "上海虹桥", Departs: departs, Arrives: departs.Add(5 * time.Hour), Coach: "05", Seat: "12F"}
}

func (w *system) records(e TicketEvent) {
	w.T.Helper()
	w.Must(w.RecordTicketEvent(w.T.Context(), e))
}

// notRecorded asserts that a report is refused.
func (w *system) notRecorded(e TicketEvent, code problem.Code, what string) {
	w.T.Helper()
	w.Refused(w.RecordTicketEvent(w.T.Context(), e), code, what)
}

// answered asserts what the rules say; an empty code is yes.
func (w *system) answered(q DecisionRequest, code problem.Code, what string) Decision {
	w.T.Helper()
	if q.By == (staff.Member{}) {
		q.Principal = w.by(staff.Ticketing)
	}
	d, err := w.Decide(w.T.Context(), q)
	if err != nil {
		w.T.Fatalf("%s: %v", what, err)
	}
	if d.Allowed() != (code == "") || !d.Allowed() && d.Refused.Code != code {
		w.T.Fatalf("%s: %+v, want %q", what, d.Refused, code)
	}
	return d
}

// secrets are what must be readable nowhere but in answers to the holder and to
// who looks; every story's people bear some of them.
var secrets = []string{"测试甲", "測試", "Marked", "1101051990", "P000", phone, email}

// auditEntries counts the entries of an action.
func (w *system) auditEntries(a staff.Action) int {
	w.T.Helper()
	return w.Count(`SELECT COUNT(*) FROM audit WHERE action = $1`, string(a))
}

// inTheWay runs f n times at the same time as atOnce does, but nobody gets past the
// rows of the account before all have come to them. PostgreSQL only: with SQLite
// a transaction that writes is alone anyway.
func (w *system) inTheWay(h account.Holder, n int, f func(i int) error) (outcome map[problem.Code]int) {
	w.T.Helper()
	if w.DB.ForUpdate == "" {
		return w.AtOnce(n, f)
	}
	done := make(chan struct{})
	err := w.DB.ChangeWithin(w.T.Context(), time.Minute, "stand in the way", func(ctx context.Context, tx *sql.Tx) error {
		for _, q := range []string{`SELECT id FROM holders WHERE id = $1 FOR UPDATE`, `SELECT id FROM passengers WHERE account = $1 FOR UPDATE`} {
			if _, err := tx.ExecContext(ctx, q, h.Account()); err != nil {
				return err
			}
		}
		go func() {
			defer close(done)
			outcome = w.AtOnce(n, f)
		}()
		// The calls bound themselves at 5 s; a wait of 3 leaves them time.
		for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
			var waiting int
			err := tx.QueryRowContext(ctx, `SELECT COUNT(DISTINCT pid) FROM pg_locks WHERE NOT granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'`).Scan(&waiting)
			if err != nil || waiting >= n {
				return err
			}
		}
		return errors.New("they never came")
	})
	<-done
	if err != nil {
		w.T.Error(err)
	}
	return outcome
}
