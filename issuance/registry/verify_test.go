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

// A visitor's way: to be submitted, pre-verified at the window, verified by the
// authority; each step is on the trail with its role.
func TestB_VisitorsWayThroughTheStatuses(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		r := Ref{Account: h.Account()}
		w.Refuses(rules.StationWindowOnly, "an agency looks")(w.ViewEntry(t.Context(), w.by(staff.Agency), r))
		_, err := w.Verify(t.Context(), Check{Principal: w.by(staff.Agency), Entry: r, Version: 1, Visit: goodVisit, Matches: true})
		w.Refused(err, rules.StationWindowOnly, "an agency verifies")
		w.Refuses(rules.TransitionRefused, "the authority before the window")(w.ViewForAuthority(t.Context(), w.by(staff.Authority), r))
		w.Refuses(rules.OriginalMissing, "a copy")(w.Verify(t.Context(), Check{Principal: w.by(staff.Window), Entry: r, Version: 1, Matches: true}))
		if n := w.Count(`SELECT COUNT(*) FROM audit`); n != 0 {
			t.Fatalf("%d entries tell of what was refused", n)
		}
		if s := w.checks(r, true); s != rules.PreVerified {
			t.Fatalf("after the window: %v", s)
		}
		w.Refused(w.edits(h, visitor(2)), rules.IdentityFixed, "an edit after the window")
		w.Refuses(rules.TransitionRefused, "the window looks once more")(w.ViewEntry(t.Context(), w.by(staff.Window), r))
		w.Refuses(EntryChanged, "the authority about what was there before the window")(w.SettleForeign(t.Context(), AuthorityResult{w.by(staff.Authority), r, 1, true}))
		if s := w.decides(r, true); s != rules.Verified || w.own(h).Status != rules.Verified {
			t.Fatalf("after the authority: %v", s)
		}
		w.Refuses(rules.TransitionRefused, "the authority decides twice")(w.SettleForeign(t.Context(), AuthorityResult{w.by(staff.Authority), r, 3, false}))
		var auditLog []string
		rows, err := w.DB.Writer().Query(`SELECT role || ' ' || action || ' ' || object_kind || ' ' || detail FROM audit WHERE object = $1 AND request = 'r1' ORDER BY id`, h.Account())
		w.Must(err)
		defer rows.Close()
		for rows.Next() {
			var line string
			w.Must(rows.Scan(&line))
			auditLog = append(auditLog, line)
		}
		want := []string{
			"window pre_verify account looked at the entry", "window pre_verify account to_be_submitted becomes pre_verified",
			"authority settle_foreign account looked at the entry", "authority settle_foreign account pre_verified becomes verified",
		}
		if !slices.Equal(auditLog, want) {
			t.Errorf("the trail is %q", auditLog)
		}
	})
}

// Whose role may not do a thing is told so before anything is read.
func TestOnlyRolesThatMay(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		w.records(w.bought(h, "T1", ""))
		r := Ref{Account: h.Account()}
		acts := []struct {
			what string
			may  []staff.Role
			do   func(a Principal) error
		}{
			{"look", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { _, err := w.ViewEntry(t.Context(), a, r); return err }},
			{"find", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { _, err := w.FindEntries(t.Context(), a, shown(resident(1))); return err }},
			{"verify", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { _, err := w.Verify(t.Context(), Check{Principal: a, Entry: r}); return err }},
			{"free", []staff.Role{staff.Window, staff.Agency}, func(a Principal) error { return w.FreeIdentity(t.Context(), DuplicateVisit{Principal: a}) }},
			{"wait", []staff.Role{staff.Authority}, func(a Principal) error { _, _, err := w.Awaiting(t.Context(), a, ""); return err }},
			{"look from afar", []staff.Role{staff.Authority}, func(a Principal) error { _, err := w.ViewForAuthority(t.Context(), a, r); return err }},
			{"decide", []staff.Role{staff.Authority}, func(a Principal) error {
				_, err := w.SettleForeign(t.Context(), AuthorityResult{Principal: a, Entry: r})
				return err
			}},
			{"ask", []staff.Role{staff.Ticketing}, func(a Principal) error {
				_, err := w.Decide(t.Context(), DecisionRequest{Principal: a, Kind: RefundOnline, Account: r.Account, Ticket: "T1"})
				return err
			}},
			{"serve", []staff.Role{staff.Window, staff.Agency, staff.Machine}, func(a Principal) error {
				_, err := w.Decide(t.Context(), DecisionRequest{Principal: a, Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{Service: rules.Exchange}})
				return err
			}},
			{"serve for a counter", []staff.Role{staff.Ticketing}, func(a Principal) error {
				_, err := w.Decide(t.Context(), DecisionRequest{Principal: a, Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{At: rules.Window, Service: rules.Exchange}})
				return err
			}},
			{"record", []staff.Role{staff.Ticketing}, func(a Principal) error {
				return w.RecordTicketEvent(t.Context(), TicketEvent{Principal: a, Kind: TicketRefunded, Ticket: "T1-0"})
			}},
		}
		for _, act := range acts {
			for _, role := range staff.Roles() {
				err := act.do(w.by(role))
				if may := slices.Contains(act.may, role); may == problem.Is(err, staff.ForbiddenRole) {
					t.Errorf("%s by %s: %v", act.what, role, err)
				}
			}
			w.Refused(act.do(Principal{}), staff.ForbiddenRole, act.what+" by nobody")
		}
	})
}

// A clerk compares; meanwhile the holder enters somebody else. What the clerk
// found is about what he saw.
func TestVerdictIsAboutWhatWasLookedAt(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, resident(2))
		r := Ref{h.Account(), l.ID}
		seen, err := w.ViewEntry(t.Context(), w.by(staff.Agency), r)
		if err != nil || seen.Person != l.Person || seen.Status != rules.Pending || seen.ProofNeeded {
			t.Fatalf("looked at %v: %v", seen.Status, err)
		}
		w.Done(w.Edit(t.Context(), h, l.ID, l.Version, entered(resident(3))))
		c := Check{Principal: w.by(staff.Agency), Entry: r, Version: seen.Version, Visit: goodVisit, Matches: true}
		w.Refuses(EntryChanged, "a verdict on what was there before")(w.Verify(t.Context(), c))
		got := w.inTheWay(h, 8, func(i int) error {
			c := c
			c.Version, c.Matches = 2, i%2 == 0
			_, err := w.Verify(t.Context(), c)
			return err
		})
		if got[""] != 1 || got[EntryChanged] != 7 {
			t.Errorf("eight verdicts at once: %v", got)
		}
		if n := w.Count(`SELECT COUNT(*) FROM audit WHERE object = $1 AND detail LIKE 'pending becomes %'`, l.ID); n != 1 {
			t.Errorf("%d verdicts are on the trail", n)
		}
	})
}

func TestB1_RareNamesNeedAProofAtTheWindow(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(rare(resident(1)))
		own := Ref{Account: h.Account()}
		w.Refuses(rules.StationWindowOnly, "an agency looks")(w.ViewEntry(t.Context(), w.by(staff.Agency), own))
		_, err := w.Verify(t.Context(), Check{Principal: w.by(staff.Agency), Entry: own, Version: 1, Visit: goodVisit, Matches: true})
		w.Refused(err, rules.StationWindowOnly, "an agency verifies")

		proven := func(r Ref, version int64, k rules.ProofKind, value string) error {
			_, err := w.Verify(t.Context(), Check{
				Principal: w.by(staff.Window), Entry: r, Version: version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: k, Value: value}}, Matches: true,
			})
			return err
		}
		w.Refused(proven(own, 1, 0, ""), rules.ProofWrong, "no proof")
		w.Refused(proven(own, 1, rules.PhoneEnd, "4322"), rules.ProofWrong, "a wrong end of the phone")
		w.Refused(proven(own, 1, rules.HolderNumber, resident(1).DocumentNumber), rules.ProofWrong, "the holder's own number")
		if held, err := w.PersonalData(t.Context(), h); err != nil || held.FailedProofs != (throttle.LockState{Failures: 2}) {
			t.Errorf("two guesses, held is %+v: %v", held.FailedProofs, err)
		}
		if err := proven(own, 1, rules.EmailStart, "mar"); err != nil || w.own(h).Status != rules.Verified {
			t.Fatalf("the e-mail's start: %v", err)
		}
		if w.auditEntries(staff.VerifyRareName) != 1 || w.auditEntries(staff.VerifyResident) != 0 {
			t.Error("the trail does not say that the name was rare")
		}

		e := visitor(1)
		e.Substituted = true
		l := w.adds(h, e)
		listed := Ref{h.Account(), l.ID}
		w.Refused(proven(listed, 1, rules.PhoneEnd, "4321"), rules.ProofWrong, "the phone for a passenger")
		if err := proven(listed, 1, rules.HolderNumber, resident(1).DocumentNumber); err != nil || w.lineOf(h, l.ID).Status != rules.PreVerified {
			t.Fatalf("the holder's number: %v", err)
		}
	})
}

// Of two hundred guesses at once five are answered; then the right one is locked
// out too, and for as long as the rule says.
func TestB1_ProofsAreNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(rare(resident(1)))
		c := Check{Principal: w.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: goodVisit, Matches: true}
		c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: "0000"}
		rule := throttle.DefaultRules.Document
		got := w.AtOnce(200, func(int) error {
			_, err := w.Verify(t.Context(), c)
			return err
		})
		if got[rules.ProofWrong] != rule.Failures || got[throttle.TooManyFailures] != 200-rule.Failures {
			t.Fatalf("%v", got)
		}
		c.Proof.Value = phone[len(phone)-4:]
		w.Refuses(throttle.TooManyFailures, "the right proof after the lock")(w.Verify(t.Context(), c))
		if w.own(h).Status != rules.Pending || w.Count(`SELECT COUNT(*) FROM audit`) != 0 {
			t.Fatal("guesses changed something")
		}
		w.Pass(rule.FirstLock)
		w.becomes(rules.Verified, "after the lock")(w.Verify(t.Context(), c))
	})
}

func TestB10_SomebodyElseBringsBothOriginals(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(resident(1))
		c := Check{Principal: w.by(staff.Agency), Entry: Ref{Account: h.Account()}, Version: 1, Visit: rules.Visit{Original: true, InDate: true, Readable: true, Delegated: true}, Matches: true}
		w.Refuses(rules.OriginalMissing, "without the delegate's own")(w.Verify(t.Context(), c))
		c.DelegateOriginal = true
		if s, err := w.Verify(t.Context(), c); s != rules.Verified || err != nil || w.auditEntries(staff.VerifyDelegated) != 1 {
			t.Fatalf("at an agency: %v: %v", s, err)
		}
		c.Entry = Ref{h.Account(), w.adds(h, visitor(1)).ID}
		w.Refuses(rules.StationWindowOnly, "a passport at an agency")(w.Verify(t.Context(), c))
		c.Principal = w.by(staff.Window)
		if s, err := w.Verify(t.Context(), c); s != rules.PreVerified || err != nil || w.auditEntries(staff.VerifyDelegated) != 2 {
			t.Fatalf("a passport at a window: %v: %v", s, err)
		}
	})
}

// No entry in the trail, no verdict.
func TestVerdictAndItsEntryAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(resident(1))
		c := Check{Principal: w.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: goodVisit, Matches: true}
		c.Request = "not one word"
		if _, err := w.Verify(t.Context(), c); err == nil || w.own(h).Status != rules.Pending {
			t.Fatalf("verified without an entry: %v", err)
		}
		_, err := w.ViewEntry(t.Context(), c.Principal, c.Entry)
		if err == nil {
			t.Fatal("looked without an entry")
		}
		w.TellsNothing(err)
	})
}

func TestCounterFindsWhatItMayCheck(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		first, second := w.verified(resident(1)), w.verified(resident(2))
		a := w.adds(first, visitor(1))
		w.Pass(time.Second)
		b := w.adds(second, visitor(1))
		mine := w.registers(visitor(1))
		found, err := w.FindEntries(t.Context(), w.by(staff.Window), shown(visitor(1)))
		want := []Found{
			{Ref: Ref{Account: mine.Account()}, Status: rules.ToBeSubmitted}, {Ref: Ref{first.Account(), a.ID}, Status: rules.ToBeSubmitted},
			{Ref: Ref{second.Account(), b.ID}, Status: rules.ToBeSubmitted},
		}
		if err != nil || !slices.Equal(found, want) {
			t.Fatalf("found %+v: %v", found, err)
		}
		w.Refuses(rules.StationWindowOnly, "an agency seeks a visitor")(w.FindEntries(t.Context(), w.by(staff.Agency), shown(visitor(1))))
		w.checks(found[1].Ref, true)
		if found, err = w.FindEntries(t.Context(), w.by(staff.Window), shown(visitor(1))); err != nil || len(found) != 2 {
			t.Fatalf("after a check found %+v: %v", found, err)
		}
		w.checks(found[0].Ref, false)
		if found, err = w.FindEntries(t.Context(), w.by(staff.Window), shown(visitor(1))); err != nil || len(found) != 2 || found[0] != (Found{Ref: Ref{Account: mine.Account()}, Status: rules.Failed}) {
			t.Fatalf("after a failed check found %+v: %v", found, err)
		}
		if found, err = w.FindEntries(t.Context(), w.by(staff.Agency), shown(resident(1))); err != nil || len(found) != 0 {
			t.Fatalf("what is verified was found: %+v, %v", found, err)
		}
		for _, s := range []identity.Entry{
			{}, {DocumentType: "licence", DocumentNumber: "1"}, {DocumentType: "passport", DocumentNumber: "P0000001"}, {DocumentType: "resident_id", DocumentNumber: "110105199003070000"},
		} {
			if found, err := w.FindEntries(t.Context(), w.by(staff.Window), s); err == nil || found != nil {
				t.Errorf("%q was taken", s.DocumentType)
			} else {
				w.TellsNothing(err)
			}
		}
	})
}

// The authority goes through all that waits for it, page by page.
func TestAuthorityFindsWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		want := map[Ref]bool{}
		holder := w.registers(visitor(900))
		w.checks(Ref{Account: holder.Account()}, true)
		want[Ref{Account: holder.Account()}] = true
		for i := range MaxAwaiting - 2 {
			l := w.adds(h, visitor(i))
			r := Ref{h.Account(), l.ID}
			if w.checks(r, true) == rules.PreVerified {
				want[r] = true
			}
		}
		other := w.verified(resident(2))
		for i := range 3 {
			r := Ref{other.Account(), w.adds(other, visitor(i)).ID}
			w.checks(r, true)
			want[r] = true
		}
		var all []Ref
		for after, pages := "", 0; ; pages++ {
			some, next, err := w.Awaiting(t.Context(), w.by(staff.Authority), after)
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
				t.Fatalf("%+v does not wait, or came twice", r)
			}
			delete(want, r)
		}
		if s := w.decides(all[0], false); s != rules.Failed {
			t.Errorf("became %v", s)
		}
	})
}

// What is on the trail here is such as the trail takes: it is sealed and verified.
func TestAuditLogHolds(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(visitor(1))
		w.records(w.bought(h, "T1", ""))
		auditLog, err := audit.New(audit.Config{DB: w.DB.DB, Key: audittest.Key, Now: w.Now})
		w.Must(err)
		if n, err := auditLog.Chain(t.Context()); n != 5 || err != nil {
			t.Fatalf("sealed %d: %v", n, err)
		}
	})
}

// A contact that cannot be read is a fault, and the entry stays.
func TestB1_FaultOfTheContactIsNoProof(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(rare(resident(1)))
		err := w.DB.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET phone = email`)
			return err
		})
		w.Must(err)
		_, err = w.Verify(t.Context(), Check{
			Principal: w.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Matches: true,
			Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.EmailStart, Value: "mar"}},
		})
		if err == nil || problem.Is(err, rules.ProofWrong) || problem.Is(err, account.AccountNotFound) {
			t.Fatalf("%v", err)
		}
		w.TellsNothing(err)
	})
}
