package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/idnumber"
)

func TestMain(m *testing.M) { databasetest.Main(m, "registry") }

const (
	policy   = "2026-01"
	password = "correct horse 蓝色"
	phone    = "13800004321"
	email    = "marked.holder@example.org"
	day      = 24 * time.Hour
)

// cheap hashing keeps the tests quick: 8 KiB, one pass.
var cheap = account.Hashing{MemoryKiB: 8, Passes: 1, Lanes: 1, Waiting: 1000, MaxWait: 10 * time.Second, CheapForTests: true}

// world is a registry with the accounts that it belongs to, on a database.
type world struct {
	*Store
	t        *testing.T
	db       *database.DB
	address  string
	accounts *account.Service
	staff    map[staff.Role]staff.Member
	ms       atomic.Int64 // the time
	logins   int
	identify func(p rules.Person, evidence string) error // what the online check finds; nil: every person passes
	guard    error                                       // what its guard answers
}

// each runs a story on every database.
func each(t *testing.T, story func(t *testing.T, w *world)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		w := &world{t: t, address: address, staff: map[staff.Role]staff.Member{}}
		w.ms.Store(time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC).UnixMilli())
		var err error
		if w.db, err = database.Open(t.Context(), address, w.now()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.db.Close() })
		w.Store, w.accounts = w.issuer()
		for _, role := range staff.Roles() {
			secret, c, err := staff.New("test-"+string(role), role)
			if err != nil {
				t.Fatal(err)
			}
			l, err := staff.NewList(staff.Config{Credentials: []staff.Credential{c}})
			if err != nil {
				t.Fatal(err)
			}
			if w.staff[role], err = l.Find(secret); err != nil {
				t.Fatal(err)
			}
		}
		story(t, w)
	})
}

func (w *world) now() time.Time       { return time.UnixMilli(w.ms.Load()) }
func (w *world) pass(d time.Duration) { w.ms.Add(d.Milliseconds()) }

// issuer makes what an issuer has; several may share the database.
func (w *world) issuer() (*Store, *account.Service) {
	w.t.Helper()
	keys := vault.New(vault.Master{1, 2, 3})
	lockout, err := throttle.NewLockout(throttle.Config{Database: w.db, Index: keys.Index, Now: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	var accounts *account.Service
	b, err := New(Config{
		Database: w.db, Vault: keys, Trail: audittest.On(w.t, w.db), Lockout: lockout, Policy: policy, Now: w.now,
		Contact: func(ctx context.Context, q database.Queries, id string) (account.Contact, error) {
			p, err := accounts.ProfileForStaff(ctx, q, id)
			return p.Contact, err
		},
		Profile: func(ctx context.Context, tx *sql.Tx, id string) (func(account.Identity) error, error) {
			return accounts.IdentityForStaff(ctx, tx, id)
		},
		PhoneVerified: func(ctx context.Context, q database.Queries, id string) (bool, error) {
			p, err := accounts.ProfileForStaff(ctx, q, id)
			return p.PhoneVerified(), err
		},
		Identify: func(ctx context.Context, p rules.Person, evidence string, from throttle.Caller) (Identified, error) {
			if w.identify != nil {
				if err := w.identify(p, evidence); err != nil {
					return Identified{}, err
				}
			}
			return Identified{"test provider", func(context.Context, database.Queries) error { return w.guard }}, nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	accounts, err = account.New(account.Config{
		Database: w.db, Vault: keys, Lockout: lockout, Policy: policy, Hashing: cheap, Now: w.now,
		Hooks: account.Hooks{
			Registered: b.Registered, IdentityEdited: b.IdentityEdited, Closing: b.Closing,
			LoginsEnded: func(context.Context, *sql.Tx, []string) error { return nil },
			Recovered:   func(context.Context, *sql.Tx, string, string) error { return nil },
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b, accounts
}

// resident and visitor are made-up people, another one for each n. The numbers fit
// their check digits.
func resident(n int) rules.Entry {
	number := idnumber.Complete(fmt.Sprintf("11010519900307%03d", n))
	return rules.Entry{Name: "测试甲", DocumentType: "resident_id", DocumentNumber: number}
}

func visitor(n int) rules.Entry {
	return rules.Entry{Name: "Marked Visitor", DocumentType: "passport", DocumentNumber: fmt.Sprintf("P%07d", n), Nationality: "NZL"}
}

// rare gives a person a name that only a window handles (rule B1).
func rare(e rules.Entry) rules.Entry {
	e.Name = "測試"
	return e
}

func shown(e rules.Entry) ShownDocument {
	return ShownDocument{e.DocumentType, e.DocumentNumber, e.Nationality}
}

func entered(e rules.Entry) EnteredPassenger { return EnteredPassenger{e, policy} }

func identityOf(e rules.Entry) account.EnteredIdentity {
	d, _ := identity.ParseKnown(e.DocumentType)
	return account.EnteredIdentity{Name: e.Name, Document: d, Number: e.DocumentNumber, Nationality: e.Nationality, Substituted: e.Substituted}
}

var home = func() throttle.Caller {
	c, err := throttle.Proxies{}.Caller("203.0.113.9:443", nil)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return c
}()

func registration(login string, e rules.Entry) account.Registration {
	return account.Registration{
		Login: login, Password: password, Policy: policy, Identity: identityOf(e),
		Contact: account.Contact{Phone: phone, Email: email},
	}
}

// registers opens an account and logs in.
func (w *world) registers(e rules.Entry) account.Holder {
	w.t.Helper()
	w.logins++
	login := fmt.Sprintf("marked_login_%d", w.logins)
	if _, err := w.accounts.Register(w.t.Context(), registration(login, e), home); err != nil {
		w.t.Fatal(err)
	}
	in, err := w.accounts.LogIn(w.t.Context(), login, password, home)
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := w.accounts.Authorize(w.t.Context(), in.Token)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// a member's act.
func (w *world) by(r staff.Role) Principal { return Principal{By: w.staff[r], Request: "r1"} }

// edits changes an account's own identity.
func (w *world) edits(h account.Holder, e rules.Entry) error {
	p, err := w.accounts.Profile(w.t.Context(), h)
	if err != nil {
		return err
	}
	_, err = w.accounts.Edit(w.t.Context(), h, account.Edit{Version: p.Version, Identity: identityOf(e), Contact: p.Contact})
	return err
}

func (w *world) closes(h account.Holder) error {
	return w.accounts.Close(w.t.Context(), h, password, home)
}

func (w *world) own(h account.Holder) Own {
	w.t.Helper()
	l, err := w.List(w.t.Context(), h)
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Own
}

// line reads one line of a list.
func (w *world) lineOf(h account.Holder, id string) Line {
	w.t.Helper()
	l, err := w.List(w.t.Context(), h)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range l.Passengers {
		if p.ID == id {
			return p
		}
	}
	w.t.Fatalf("no line %s", id)
	return Line{}
}

func (w *world) adds(h account.Holder, e rules.Entry) Line {
	w.t.Helper()
	l, err := w.Add(w.t.Context(), h, entered(e))
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// checks has a window look at an entry and say whether it matches.
func (w *world) checks(r Ref, matches bool) rules.Status {
	w.t.Helper()
	seen, err := w.ViewEntry(w.t.Context(), w.by(staff.Window), r)
	if err != nil {
		w.t.Fatal(err)
	}
	c := Check{Principal: w.by(staff.Window), Entry: r, Version: seen.Version, Original: true, InDate: true, Readable: true, Matches: matches}
	if seen.ProofNeeded {
		c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
	}
	s, err := w.Verify(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// verified is a holder whose own identity was checked; a visitor's by the
// authority as well.
func (w *world) verified(e rules.Entry) account.Holder {
	w.t.Helper()
	h := w.registers(e)
	if w.checks(Ref{Account: h.Account()}, true) == rules.PreVerified {
		w.decides(Ref{Account: h.Account()}, true)
	}
	if s := w.own(h).Status; s != rules.Verified {
		w.t.Fatalf("the holder is %v", s)
	}
	return h
}

func (w *world) decides(r Ref, matches bool) rules.Status {
	w.t.Helper()
	seen, err := w.ViewForAuthority(w.t.Context(), w.by(staff.Authority), r)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := w.SettleForeign(w.t.Context(), AuthorityResult{w.by(staff.Authority), r, seen.Version, matches})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// bought is a purchase with a ticket for each passenger, under made-up references.
func (w *world) bought(h account.Holder, reference string, passengers ...string) TicketEvent {
	e := TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketsBought, Account: h.Account(), Order: "MarkedOrder"}
	for i, p := range passengers {
		e.Issued = append(e.Issued, Ticket{fmt.Sprintf("%s-%d", reference, i), p, w.now().Add(2 * day), w.journey()})
	}
	return e
}

// journey is that of every ticket of bought.
func (w *world) journey() *Journey {
	departs := time.Unix(w.now().Unix(), 0).Add(36 * time.Hour)
	return &Journey{"G101", "Marked South", "上海虹桥", departs, departs.Add(5 * time.Hour), "05", "12F"}
}

func (w *world) records(e TicketEvent) {
	w.t.Helper()
	if err := w.RecordTicketEvent(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
}

// notRecorded asserts that a report is refused.
func (w *world) notRecorded(e TicketEvent, code problem.Code, what string) {
	w.t.Helper()
	w.refused(w.RecordTicketEvent(w.t.Context(), e), code, what)
}

// answered asserts what the rules say; an empty code is yes.
func (w *world) answered(q DecisionRequest, code problem.Code, what string) Decision {
	w.t.Helper()
	if q.By == (staff.Member{}) {
		q.Principal = w.by(staff.Ticketing)
	}
	d, err := w.Decide(w.t.Context(), q)
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	if d.Allowed() != (code == "") || !d.Allowed() && d.Refused.Code != code {
		w.t.Fatalf("%s: %+v, want %q", what, d.Refused, code)
	}
	return d
}

// refused asserts a refusal that tells nothing personal.
func (w *world) refused(err error, code problem.Code, what string) {
	w.t.Helper()
	if !problem.Is(err, code) {
		w.t.Fatalf("%s: %v, want %s", what, err, code)
	}
	w.tellsNothing(err)
}

// secrets are what must be readable nowhere but in answers to the holder and to
// who looks; every story's people bear some of them.
var secrets = []string{"测试甲", "測試", "Marked", "1101051990", "P000", phone, email}

func (w *world) tellsNothing(err error) {
	w.t.Helper()
	text := fmt.Sprintf("%v %+v", err, err)
	var r *problem.Error
	if errors.As(err, &r) {
		text += r.Detail
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("an error tells %q", secret)
		}
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Writer().QueryRow(query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// onTrail counts the entries of an action.
func (w *world) onTrail(a staff.Action) int {
	w.t.Helper()
	return w.count(`SELECT COUNT(*) FROM audit WHERE action = $1`, string(a))
}

// atOnce runs f n times at the same time and counts what became of it, by code;
// "" is success. Any other error fails the test.
func (w *world) atOnce(n int, f func(i int) error) map[problem.Code]int {
	w.t.Helper()
	outcome := map[problem.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			var r *problem.Error
			if err != nil && !errors.As(err, &r) {
				w.t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if r == nil {
				outcome[""]++
			} else {
				outcome[r.Code]++
			}
		})
	}
	close(start)
	wg.Wait()
	return outcome
}

// inTheWay runs f n times at the same time as atOnce does, but nobody gets past the
// rows of the account before all have come to them. PostgreSQL only: with SQLite
// a transaction that writes is alone anyway.
func (w *world) inTheWay(h account.Holder, n int, f func(i int) error) (outcome map[problem.Code]int) {
	w.t.Helper()
	if w.db.ForUpdate == "" {
		return w.atOnce(n, f)
	}
	done := make(chan struct{})
	err := w.db.ChangeWithin(w.t.Context(), time.Minute, "stand in the way", func(ctx context.Context, tx *sql.Tx) error {
		for _, q := range []string{`SELECT id FROM holders WHERE id = $1 FOR UPDATE`, `SELECT id FROM passengers WHERE account = $1 FOR UPDATE`} {
			if _, err := tx.ExecContext(ctx, q, h.Account()); err != nil {
				return err
			}
		}
		go func() {
			defer close(done)
			outcome = w.atOnce(n, f)
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
		w.t.Error(err)
	}
	return outcome
}
