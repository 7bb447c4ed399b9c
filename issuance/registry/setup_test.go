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

// cheapHashing keeps the tests fast: 8 KiB, one pass.
var cheapHashing = account.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

// setup is a registry with its account service, on a database.
type setup struct {
	*issuerdb.DB
	*Store
	accounts *account.Service
	staff    map[staff.Role]staff.Member
	logins   int
	identify func(p identity.Person, evidence string) error // result of the online check; nil: every person passes
	guard    error                                          // result of Identified.Guard
}

// eachDatabase runs a test on every database.
func eachDatabase(t *testing.T, test func(t *testing.T, env *setup)) {
	issuerdb.Each(t, secrets, func(t *testing.T, d *issuerdb.DB) {
		env := &setup{DB: d, staff: map[staff.Role]staff.Member{}}
		env.Store, env.accounts = env.newIssuer()
		for _, role := range staff.Roles() {
			secret, c, err := staff.New("test-"+string(role), role)
			env.Must(err)
			l, err := staff.NewList(staff.Config{Credentials: []staff.Credential{c}})
			env.Must(err)
			env.staff[role], err = l.Authenticate(secret)
			env.Must(err)
		}
		test(t, env)
	})
}

// newIssuer makes the store and the accounts of one more issuer on the same database.
func (env *setup) newIssuer() (*Store, *account.Service) {
	env.T.Helper()
	lockout := env.NewLockout()
	store, err := New(Config{
		Database: env.DB.DB, Vault: env.DB.Vault, AuditLog: audittest.OpenLog(env.T, env.DB.DB), Lockout: lockout, Policy: policy, Now: env.DB.Now,
		Identify: func(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (Identified, error) {
			if env.identify != nil {
				if err := env.identify(p, evidence); err != nil {
					return Identified{}, err
				}
			}
			return Identified{"test provider", func(context.Context, database.Queries) error { return env.guard }}, nil
		},
	})
	env.Must(err)
	accounts, err := account.New(account.Config{
		Database: env.DB.DB, Vault: env.DB.Vault, Lockout: lockout, Policy: policy, Hashing: cheapHashing, Now: env.DB.Now,
		Hooks: account.Hooks{
			Registered: store.Registered, IdentityEdited: store.IdentityEdited, Closing: store.Closing,
			LoginsEnded: func(context.Context, *sql.Tx, []string) error { return nil },
			Recovered:   func(context.Context, *sql.Tx, string, string) error { return nil },
		},
	})
	env.Must(err)
	return store, accounts
}

// resident and visitor are invented people, a different one for each n.
var resident, visitor = issuerdb.Resident, issuerdb.Visitor

// withRareName changes the name to one that only a window handles (rule B1).
func withRareName(e identity.Entry) identity.Entry {
	e.Name = "測試"
	return e
}

// documentOf returns the document alone, as used in searches.
func documentOf(e identity.Entry) identity.Entry {
	e.Name, e.Substituted = "", false
	return e
}

func enteredPassenger(e identity.Entry) EnteredPassenger { return EnteredPassenger{e, policy} }

func registration(login string, e identity.Entry) account.Registration {
	return account.Registration{
		Login: login, Password: password, Policy: policy, Identity: e,
		Contact: account.Contact{Phone: phone, Email: email},
	}
}

// register opens an account and logs in.
func (env *setup) register(e identity.Entry) account.Holder {
	env.T.Helper()
	env.logins++
	login := fmt.Sprintf("marked_login_%d", env.logins)
	env.Done(env.accounts.Register(env.T.Context(), registration(login, e), issuerdb.Home))
	in, err := env.accounts.LogIn(env.T.Context(), login, password, issuerdb.Home)
	env.Must(err)
	h, err := env.accounts.Authorize(env.T.Context(), in.Token)
	env.Must(err)
	return h
}

// by is a member with the role.
func (env *setup) by(r staff.Role) Principal { return Principal{By: env.staff[r], Request: "r1"} }

// editIdentity changes an account's own identity.
func (env *setup) editIdentity(h account.Holder, e identity.Entry) error {
	p, err := env.accounts.Profile(env.T.Context(), h)
	if err != nil {
		return err
	}
	_, err = env.accounts.Edit(env.T.Context(), h, account.Edit{Version: p.Version, Identity: e, Contact: p.Contact})
	return err
}

func (env *setup) closeAccount(h account.Holder) error {
	return env.accounts.Close(env.T.Context(), h, password, issuerdb.Home)
}

func (env *setup) ownEntry(h account.Holder) Own {
	env.T.Helper()
	l, err := env.List(env.T.Context(), h)
	env.Must(err)
	return l.Own
}

// line reads one line of a list.
func (env *setup) line(h account.Holder, id string) Line {
	env.T.Helper()
	l, err := env.List(env.T.Context(), h)
	env.Must(err)
	for _, p := range l.Passengers {
		if p.ID == id {
			return p
		}
	}
	env.T.Fatalf("no line %s", id)
	return Line{}
}

func (env *setup) addPassenger(h account.Holder, e identity.Entry) Line {
	env.T.Helper()
	l, err := env.Add(env.T.Context(), h, enteredPassenger(e))
	env.Must(err)
	return l
}

// checkAtWindow has a window view and settle an entry.
func (env *setup) checkAtWindow(r Ref, matches bool) rules.Status {
	env.T.Helper()
	seen, err := env.ViewEntry(env.T.Context(), env.by(staff.Window), r)
	env.Must(err)
	c := Check{Principal: env.by(staff.Window), Entry: r, Version: seen.Version, Visit: validVisit, Matches: matches}
	if seen.ProofNeeded {
		c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
	}
	s, err := env.Verify(env.T.Context(), c)
	env.Must(err)
	return s
}

// validVisit has an original that is in date and readable.
var validVisit = rules.Visit{Original: true, InDate: true, Readable: true}

// wantStatus fails unless a call results in the status: env.wantStatus(status, what)(call()).
func (env *setup) wantStatus(want rules.Status, what string) func(got rules.Status, err error) {
	return func(got rules.Status, err error) {
		env.T.Helper()
		if got != want || err != nil {
			env.T.Fatalf("%s: %v, want %v: %v", what, got, want, err)
		}
	}
}

// registerVerified is a holder whose own identity is verified; a visitor's also by the authority.
func (env *setup) registerVerified(e identity.Entry) account.Holder {
	env.T.Helper()
	h := env.register(e)
	if env.checkAtWindow(Ref{Account: h.Account()}, true) == rules.PreVerified {
		env.settle(Ref{Account: h.Account()}, true)
	}
	if s := env.ownEntry(h).Status; s != rules.Verified {
		env.T.Fatalf("the holder is %v", s)
	}
	return h
}

func (env *setup) settle(r Ref, matches bool) rules.Status {
	env.T.Helper()
	seen, err := env.ViewForAuthority(env.T.Context(), env.by(staff.Authority), r)
	env.Must(err)
	s, err := env.SettleForeign(env.T.Context(), AuthorityResult{env.by(staff.Authority), r, seen.Version, matches})
	env.Must(err)
	return s
}

// purchase is a report of a ticket for each passenger, with references derived from reference.
func (env *setup) purchase(h account.Holder, reference string, passengers ...string) TicketEvent {
	e := TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketsBought, Account: h.Account(), Order: "MarkedOrder"}
	for i, p := range passengers {
		e.Issued = append(e.Issued, Ticket{fmt.Sprintf("%s-%d", reference, i), p, env.Now().Add(2 * day), env.journey()})
	}
	return e
}

// journey is the train of every ticket of purchase.
func (env *setup) journey() *Journey {
	departs := time.Unix(env.Now().Unix(), 0).Add(36 * time.Hour)
	return &Journey{Train: "G101", From: "Marked South", To: "上海虹桥", Departs: departs, Arrives: departs.Add(5 * time.Hour), Coach: "05", Seat: "12F"}
}

func (env *setup) record(e TicketEvent) {
	env.T.Helper()
	env.Must(env.RecordTicketEvent(env.T.Context(), e))
}

// wantEventProblem fails unless a report is refused with the code.
func (env *setup) wantEventProblem(e TicketEvent, code problem.Code, what string) {
	env.T.Helper()
	env.Refused(env.RecordTicketEvent(env.T.Context(), e), code, what)
}

// wantDecision fails unless the rules decide with the code; an empty code means allowed.
func (env *setup) wantDecision(q DecisionRequest, code problem.Code, what string) Decision {
	env.T.Helper()
	if q.By == (staff.Member{}) {
		q.Principal = env.by(staff.Ticketing)
	}
	d, err := env.Decide(env.T.Context(), q)
	if err != nil {
		env.T.Fatalf("%s: %v", what, err)
	}
	if d.Allowed() != (code == "") || !d.Allowed() && d.Refused.Code != code {
		env.T.Fatalf("%s: %+v, want %q", what, d.Refused, code)
	}
	return d
}

// secrets are parts of the invented people's data, which must appear only in answers to the holder
// and to staff.
var secrets = []string{"测试甲", "測試", "Marked", "1101051990", "P000", phone, email}

// auditEntries counts the entries of an action.
func (env *setup) auditEntries(a staff.Action) int {
	env.T.Helper()
	return env.Count(`SELECT COUNT(*) FROM audit WHERE action = $1`, string(a))
}

// whileLocked runs f n times concurrently, as AtOnce does, and holds the locks of the account's
// rows until all calls wait for them. PostgreSQL only: SQLite runs one writing transaction at a
// time.
func (env *setup) whileLocked(h account.Holder, n int, f func(i int) error) (outcome map[problem.Code]int) {
	env.T.Helper()
	if env.DB.ForUpdate == "" {
		return env.AtOnce(n, f)
	}
	done := make(chan struct{})
	err := env.DB.ChangeWithin(env.T.Context(), time.Minute, "lock the account's rows", func(ctx context.Context, tx *sql.Tx) error {
		for _, q := range []string{`SELECT id FROM holders WHERE id = $1 FOR UPDATE`, `SELECT id FROM passengers WHERE account = $1 FOR UPDATE`} {
			if _, err := tx.ExecContext(ctx, q, h.Account()); err != nil {
				return err
			}
		}
		go func() {
			defer close(done)
			outcome = env.AtOnce(n, f)
		}()
		// The calls time out after 5 s; a wait of 3 s leaves them time.
		for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
			var waiting int
			err := tx.QueryRowContext(ctx, `SELECT COUNT(DISTINCT pid) FROM pg_locks WHERE NOT granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'`).Scan(&waiting)
			if err != nil || waiting >= n {
				return err
			}
		}
		return errors.New("the calls did not reach the locks")
	})
	<-done
	if err != nil {
		env.T.Error(err)
	}
	return outcome
}
