package registry

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/audittest"
)

// A visitor is to be submitted, then pre-verified at the window, then verified by the authority. Each
// step is in the audit log with its role.
func TestB_VisitorIsPreVerifiedThenVerified(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		r := Ref{Account: h.Account()}
		env.Refuses(rules.StationWindowOnly, "an agency views it")(env.ViewEntry(t.Context(), env.by(staff.Agency), r))
		_, err := env.Verify(t.Context(), Check{Principal: env.by(staff.Agency), Entry: r, Version: 1, Visit: validVisit, Matches: true})
		env.Refused(err, rules.StationWindowOnly, "an agency verifies")
		env.Refuses(rules.TransitionRefused, "the authority before the window")(env.ViewForAuthority(t.Context(), env.by(staff.Authority), r))
		env.Refuses(rules.OriginalMissing, "a copy")(env.Verify(t.Context(), Check{Principal: env.by(staff.Window), Entry: r, Version: 1, Matches: true}))
		if n := env.Count(`SELECT COUNT(*) FROM audit`); n != 0 {
			t.Fatalf("%d entries of refused actions", n)
		}
		if s := env.checkAtWindow(r, true); s != rules.PreVerified {
			t.Fatalf("after the window: %v", s)
		}
		env.Refused(env.editIdentity(h, visitor(2)), rules.IdentityFixed, "an edit after the window")
		env.Refuses(rules.TransitionRefused, "the window views it again")(env.ViewEntry(t.Context(), env.by(staff.Window), r))
		env.Refuses(EntryChanged, "the authority with the version before the window")(env.SettleForeign(t.Context(), AuthorityResult{env.by(staff.Authority), r, 1, true}))
		if s := env.settle(r, true); s != rules.Verified || env.ownEntry(h).Status != rules.Verified {
			t.Fatalf("after the authority: %v", s)
		}
		env.Refuses(rules.TransitionRefused, "the authority decides twice")(env.SettleForeign(t.Context(), AuthorityResult{env.by(staff.Authority), r, 3, false}))
		var auditLog []string
		rows, err := env.DB.Writer().Query(`SELECT role || ' ' || action || ' ' || object_kind || ' ' || detail FROM audit WHERE object = $1 AND request = 'r1' ORDER BY id`, h.Account())
		env.Must(err)
		defer rows.Close()
		for rows.Next() {
			var line string
			env.Must(rows.Scan(&line))
			auditLog = append(auditLog, line)
		}
		want := []string{
			"window pre_verify account viewed the entry", "window pre_verify account to_be_submitted becomes pre_verified",
			"authority settle_foreign account viewed the entry", "authority settle_foreign account pre_verified becomes verified",
		}
		if !slices.Equal(auditLog, want) {
			t.Errorf("the audit log is %q", auditLog)
		}
	})
}

// The role is checked before anything is read.
func TestActionsNeedTheirRole(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		env.record(env.purchase(h, "T1", ""))
		r := Ref{Account: h.Account()}
		acts := []struct {
			what string
			may  []staff.Role
			do   func(a Principal) error
		}{
			{"view", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { _, err := env.ViewEntry(t.Context(), a, r); return err }},
			{"find", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error {
				_, err := env.FindEntries(t.Context(), a, documentOf(resident(1)))
				return err
			}},
			{"verify", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { _, err := env.Verify(t.Context(), Check{Principal: a, Entry: r}); return err }},
			{"free", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { return env.FreeIdentity(t.Context(), DuplicateVisit{Principal: a}) }},
			{"wait", []staff.Role{staff.Authority}, func(a Principal) error { _, _, err := env.Awaiting(t.Context(), a, ""); return err }},
			{"view for the authority", []staff.Role{staff.Authority}, func(a Principal) error { _, err := env.ViewForAuthority(t.Context(), a, r); return err }},
			{"decide", []staff.Role{staff.Authority}, func(a Principal) error {
				_, err := env.SettleForeign(t.Context(), AuthorityResult{Principal: a, Entry: r})
				return err
			}},
			{"ask", []staff.Role{staff.Ticketing}, func(a Principal) error {
				_, err := env.Decide(t.Context(), DecisionRequest{Principal: a, Kind: RefundOnline, Account: r.Account, Ticket: "T1"})
				return err
			}},
			{"serve", []staff.Role{staff.Window, staff.Agency, staff.Machine}, func(a Principal) error {
				_, err := env.Decide(t.Context(), DecisionRequest{Principal: a, Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{Service: rules.Exchange}})
				return err
			}},
			{"serve for a counter", []staff.Role{staff.Ticketing}, func(a Principal) error {
				_, err := env.Decide(t.Context(), DecisionRequest{Principal: a, Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{At: rules.Window, Service: rules.Exchange}})
				return err
			}},
			{"record", []staff.Role{staff.Ticketing}, func(a Principal) error {
				return env.RecordTicketEvent(t.Context(), TicketEvent{Principal: a, Kind: TicketRefunded, Ticket: "T1-0"})
			}},
		}
		for _, act := range acts {
			for _, role := range staff.Roles() {
				err := act.do(env.by(role))
				if may := slices.Contains(act.may, role); may == problem.Is(err, staff.ForbiddenRole) {
					t.Errorf("%s by %s: %v", act.what, role, err)
				}
			}
			env.Refused(act.do(Principal{}), staff.ForbiddenRole, act.what+" without a member")
		}
	})
}

// While a clerk compares, the holder enters another person; the verdict is about the viewed version.
func TestVerdictAppliesOnlyToTheViewedVersion(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		r := Ref{h.Account(), l.ID}
		seen, err := env.ViewEntry(t.Context(), env.by(staff.Agency), r)
		if err != nil || seen.Person != l.Person || seen.Status != rules.Pending || seen.ProofNeeded {
			t.Fatalf("viewed %v: %v", seen.Status, err)
		}
		env.Done(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(resident(3))))
		c := Check{Principal: env.by(staff.Agency), Entry: r, Version: seen.Version, Visit: validVisit, Matches: true}
		env.Refuses(EntryChanged, "a verdict about the earlier version")(env.Verify(t.Context(), c))
		got := env.whileLocked(h, 8, func(i int) error {
			c := c
			c.Version, c.Matches = 2, i%2 == 0
			_, err := env.Verify(t.Context(), c)
			return err
		})
		if got[""] != 1 || got[EntryChanged] != 7 {
			t.Errorf("eight concurrent verdicts: %v", got)
		}
		if n := env.Count(`SELECT COUNT(*) FROM audit WHERE object = $1 AND detail LIKE 'pending becomes %'`, l.ID); n != 1 {
			t.Errorf("%d verdicts in the audit log", n)
		}
	})
}

func TestB1_RareNameNeedsAProofAtTheWindow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(withRareName(resident(1)))
		own := Ref{Account: h.Account()}
		env.Refuses(rules.StationWindowOnly, "an agency views it")(env.ViewEntry(t.Context(), env.by(staff.Agency), own))
		_, err := env.Verify(t.Context(), Check{Principal: env.by(staff.Agency), Entry: own, Version: 1, Visit: validVisit, Matches: true})
		env.Refused(err, rules.StationWindowOnly, "an agency verifies")

		proven := func(r Ref, version int64, k rules.ProofKind, value string) error {
			_, err := env.Verify(t.Context(), Check{
				Principal: env.by(staff.Window), Entry: r, Version: version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: k, Value: value}}, Matches: true,
			})
			return err
		}
		env.Refused(proven(own, 1, 0, ""), rules.ProofWrong, "no proof")
		env.Refused(proven(own, 1, rules.PhoneEnd, "4322"), rules.ProofWrong, "a wrong end of the phone")
		env.Refused(proven(own, 1, rules.HolderNumber, resident(1).DocumentNumber), rules.ProofWrong, "the holder's own number")
		if data, err := env.PersonalData(t.Context(), h); err != nil || data.FailedProofs != (throttle.LockState{Failures: 2}) {
			t.Errorf("two guesses, failed proofs %+v: %v", data.FailedProofs, err)
		}
		if err := proven(own, 1, rules.EmailStart, "mar"); err != nil || env.ownEntry(h).Status != rules.Verified {
			t.Fatalf("the e-mail's start: %v", err)
		}
		if env.auditEntries(staff.VerifyRareName) != 1 || env.auditEntries(staff.VerifyResident) != 0 {
			t.Error("the audit log does not record the rare name")
		}

		e := visitor(1)
		e.Substituted = true
		l := env.addPassenger(h, e)
		listed := Ref{h.Account(), l.ID}
		env.Refused(proven(listed, 1, rules.PhoneEnd, "4321"), rules.ProofWrong, "the phone for a passenger")
		if err := proven(listed, 1, rules.HolderNumber, resident(1).DocumentNumber); err != nil || env.line(h, l.ID).Status != rules.PreVerified {
			t.Fatalf("the holder's number: %v", err)
		}
	})
}

// Of 200 concurrent guesses five are answered; then the right proof is refused as well, for the time
// of the rule.
func TestB1_GuessesOfProofsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(withRareName(resident(1)))
		c := Check{Principal: env.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: validVisit, Matches: true}
		c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: "0000"}
		rule := throttle.DefaultRules.Document
		got := env.AtOnce(200, func(int) error {
			_, err := env.Verify(t.Context(), c)
			return err
		})
		if got[rules.ProofWrong] != rule.Failures || got[throttle.TooManyFailures] != 200-rule.Failures {
			t.Fatalf("%v", got)
		}
		c.Proof.Value = phone[len(phone)-4:]
		env.Refuses(throttle.TooManyFailures, "the right proof after the lock")(env.Verify(t.Context(), c))
		if env.ownEntry(h).Status != rules.Pending || env.Count(`SELECT COUNT(*) FROM audit`) != 0 {
			t.Fatal("guesses changed the entry")
		}
		env.Pass(rule.FirstLock)
		env.wantStatus(rules.Verified, "after the lock")(env.Verify(t.Context(), c))
	})
}

func TestB10_DelegateBringsBothOriginals(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(resident(1))
		c := Check{Principal: env.by(staff.Agency), Entry: Ref{Account: h.Account()}, Version: 1, Visit: rules.Visit{Original: true, InDate: true, Readable: true, Delegated: true}, Matches: true}
		env.Refuses(rules.OriginalMissing, "without the delegate's own")(env.Verify(t.Context(), c))
		c.DelegateOriginal = true
		if s, err := env.Verify(t.Context(), c); s != rules.Verified || err != nil || env.auditEntries(staff.VerifyDelegated) != 1 {
			t.Fatalf("at an agency: %v: %v", s, err)
		}
		c.Entry = Ref{h.Account(), env.addPassenger(h, visitor(1)).ID}
		env.Refuses(rules.StationWindowOnly, "a passport at an agency")(env.Verify(t.Context(), c))
		c.Principal = env.by(staff.Window)
		if s, err := env.Verify(t.Context(), c); s != rules.PreVerified || err != nil || env.auditEntries(staff.VerifyDelegated) != 2 {
			t.Fatalf("a passport at a window: %v: %v", s, err)
		}
	})
}

func TestVerdictNeedsItsAuditEntry(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(resident(1))
		c := Check{Principal: env.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: validVisit, Matches: true}
		c.Request = "not one word"
		if _, err := env.Verify(t.Context(), c); err == nil || env.ownEntry(h).Status != rules.Pending {
			t.Fatalf("verified without an entry: %v", err)
		}
		_, err := env.ViewEntry(t.Context(), c.Principal, c.Entry)
		if err == nil {
			t.Fatal("viewed without an entry")
		}
		env.TellsNothing(err)
	})
}

func TestCounterFindsOnlyEntriesItMayCheck(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		first, second := env.registerVerified(resident(1)), env.registerVerified(resident(2))
		a := env.addPassenger(first, visitor(1))
		env.Pass(time.Second)
		b := env.addPassenger(second, visitor(1))
		mine := env.register(visitor(1))
		found, err := env.FindEntries(t.Context(), env.by(staff.Window), documentOf(visitor(1)))
		want := []Found{
			{Ref: Ref{Account: mine.Account()}, Status: rules.ToBeSubmitted}, {Ref: Ref{first.Account(), a.ID}, Status: rules.ToBeSubmitted},
			{Ref: Ref{second.Account(), b.ID}, Status: rules.ToBeSubmitted},
		}
		if err != nil || !slices.Equal(found, want) {
			t.Fatalf("found %+v: %v", found, err)
		}
		env.Refuses(rules.StationWindowOnly, "an agency seeks a visitor")(env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(visitor(1))))
		env.checkAtWindow(found[1].Ref, true)
		if found, err = env.FindEntries(t.Context(), env.by(staff.Window), documentOf(visitor(1))); err != nil || len(found) != 2 {
			t.Fatalf("after a check found %+v: %v", found, err)
		}
		env.checkAtWindow(found[0].Ref, false)
		if found, err = env.FindEntries(t.Context(), env.by(staff.Window), documentOf(visitor(1))); err != nil || len(found) != 2 || found[0] != (Found{Ref: Ref{Account: mine.Account()}, Status: rules.Failed}) {
			t.Fatalf("after a failed check found %+v: %v", found, err)
		}
		if found, err = env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(resident(1))); err != nil || len(found) != 0 {
			t.Fatalf("verified entries were found: %+v, %v", found, err)
		}
		for _, s := range []identity.Entry{
			{}, {DocumentType: "licence", DocumentNumber: "1"}, {DocumentType: "passport", DocumentNumber: "P0000001"}, {DocumentType: "resident_id", DocumentNumber: "110105199003070000"},
		} {
			if found, err := env.FindEntries(t.Context(), env.by(staff.Window), s); err == nil || found != nil {
				t.Errorf("%q was accepted", s.DocumentType)
			} else {
				env.TellsNothing(err)
			}
		}
	})
}

func TestAuthorityListsWaitingEntriesByPage(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		want := map[Ref]bool{}
		holder := env.register(visitor(900))
		env.checkAtWindow(Ref{Account: holder.Account()}, true)
		want[Ref{Account: holder.Account()}] = true
		for i := range MaxAwaiting - 2 {
			l := env.addPassenger(h, visitor(i))
			r := Ref{h.Account(), l.ID}
			if env.checkAtWindow(r, true) == rules.PreVerified {
				want[r] = true
			}
		}
		other := env.registerVerified(resident(2))
		for i := range 3 {
			r := Ref{other.Account(), env.addPassenger(other, visitor(i)).ID}
			env.checkAtWindow(r, true)
			want[r] = true
		}
		var all []Ref
		for after, pages := "", 0; ; pages++ {
			some, next, err := env.Awaiting(t.Context(), env.by(staff.Authority), after)
			if err != nil || pages > 3 {
				t.Fatalf("page %d: %v", pages, err)
			}
			if len(some) == 0 {
				break
			}
			all, after = append(all, some...), next
		}
		if len(all) != MaxAwaiting+2 || len(all) != len(want) {
			t.Fatalf("%d wait, want %d", len(all), len(want))
		}
		for _, r := range all {
			if !want[r] {
				t.Fatalf("%+v is not waiting or was listed twice", r)
			}
			delete(want, r)
		}
		if s := env.settle(all[0], false); s != rules.Failed {
			t.Errorf("became %v", s)
		}
	})
}

// The entries of this package have the form that the audit log requires.
func TestAuditEntriesCanBeChained(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(visitor(1))
		env.record(env.purchase(h, "T1", ""))
		auditLog, err := audit.New(audit.Config{DB: env.DB.DB, Key: audittest.Key, Now: env.Now})
		env.Must(err)
		if n, err := auditLog.Chain(t.Context()); n != 5 || err != nil {
			t.Fatalf("chained %d: %v", n, err)
		}
	})
}

// A contact that cannot be decrypted is a fault and no wrong proof.
func TestB1_UnreadableContactIsAFault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(withRareName(resident(1)))
		err := env.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET phone = email`)
			return err
		})
		env.Must(err)
		_, err = env.Verify(t.Context(), Check{
			Principal: env.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Matches: true,
			Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.EmailStart, Value: "mar"}},
		})
		if err == nil || problem.Is(err, rules.ProofWrong) || problem.Is(err, account.AccountNotFound) {
			t.Fatalf("%v", err)
		}
		env.TellsNothing(err)
	})
}
