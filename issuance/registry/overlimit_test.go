package registry

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// setLimits changes the limits of a store.
func setLimits(env *setup, store *Store, change func(l *rules.Limits)) {
	env.T.Helper()
	l := store.Limits()
	change(&l)
	env.Must(store.SetLimits(l))
}

// verifyPassenger brings a passenger's original to a counter; both means with the holder's
// original.
func (env *setup) verifyPassenger(store *Store, role staff.Role, r Ref, both bool) (rules.Status, error) {
	env.T.Helper()
	seen, err := store.ViewEntry(env.T.Context(), env.by(role), r)
	if err != nil {
		return 0, err
	}
	c := Check{Principal: env.by(role), Entry: r, Version: seen.Version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, HolderOriginal: both}, Matches: true}
	if seen.ProofNeeded {
		c.Proof = rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}
	}
	return store.Verify(env.T.Context(), c)
}

// On a full list a resident is added as pending and verified with both originals; a visitor is not
// added. After deletions a resident needs only their own original.
func TestG04_FullListNeedsBothOriginals(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		setLimits(env, env.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 2, 2 })
		first, early := env.addPassenger(h, resident(2)), env.addPassenger(h, resident(3))
		guest := env.addPassenger(h, visitor(1))
		if first.HolderOriginal || early.HolderOriginal || guest.HolderOriginal {
			t.Error("a list with room requires both originals")
		}
		verifyResident(env, h, first.ID) // with the to-be-submitted guest, two are counted
		env.Refuses(rules.ListFull, "a visitor beyond the limit")(env.Add(t.Context(), h, enteredPassenger(visitor(2))))
		late := env.addPassenger(h, withRareName(resident(4)))
		if !late.HolderOriginal || !env.line(h, late.ID).HolderOriginal || !env.line(h, early.ID).HolderOriginal || env.line(h, guest.ID).HolderOriginal {
			t.Error("the list does not show which checks need both originals")
		}
		found, err := env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(resident(3)))
		if err != nil || len(found) != 1 || !found[0].HolderOriginalNeeded {
			t.Errorf("found %+v: %v", found, err)
		}
		r := Ref{h.Account(), early.ID}
		if seen, err := env.ViewEntry(t.Context(), env.by(staff.Agency), r); err != nil || !seen.HolderOriginalNeeded {
			t.Errorf("the view says %v: %v", seen.HolderOriginalNeeded, err)
		}
		env.Refuses(rules.HolderOriginalMissing, "one original")(env.verifyPassenger(env.Store, staff.Agency, r, false))
		if s := env.line(h, early.ID); s.Status != rules.Pending || s.Version != 1 {
			t.Errorf("after the refusal: %v", s.Status)
		}
		env.wantStatus(rules.Verified, "both originals")(env.verifyPassenger(env.Store, staff.Agency, r, true))
		detail := ""
		if err := env.DB.Writer().QueryRow(`SELECT detail FROM audit WHERE object = $1 ORDER BY id DESC LIMIT 1`, early.ID).Scan(&detail); err != nil || !strings.Contains(detail, "both originals") {
			t.Errorf("the audit log says %q: %v", detail, err)
		}
		r = Ref{h.Account(), late.ID} // G06
		env.Refuses(rules.StationWindowOnly, "a traditional name at an agency")(env.verifyPassenger(env.Store, staff.Agency, r, true))
		env.wantStatus(rules.Verified, "at a window")(env.verifyPassenger(env.Store, staff.Window, r, true))
		// Four are counted. After 180 days three are deleted; then one original is enough.
		last := env.addPassenger(h, resident(5))
		env.Pass(180 * day)
		h = logInAgain(env, h)
		for _, id := range []string{first.ID, early.ID, late.ID} {
			env.Must(env.Delete(t.Context(), h, id))
		}
		if env.line(h, last.ID).HolderOriginal {
			t.Error("both originals are required although there is room")
		}
		verifyResident(env, h, last.ID)
	})
}

// A failed entry on a full list cannot become a counted one by an edit.
func TestG05_OtherDocumentsAreNotVerifiedBeyondTheLimit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		guest := env.addPassenger(h, visitor(1))
		env.checkAtWindow(Ref{h.Account(), guest.ID}, false)
		setLimits(env, env.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 1, 1 })
		verifyResident(env, h, env.addPassenger(h, resident(2)).ID)
		env.Refuses(rules.ListFull, "an edit that would make it count again")(env.Edit(t.Context(), h, guest.ID, 2, enteredPassenger(visitor(2))))
		if _, err := env.Edit(t.Context(), h, guest.ID, 2, enteredPassenger(resident(3))); err != nil {
			t.Fatalf("an edit to a resident: %v", err)
		}
		env.Refuses(rules.HolderOriginalMissing, "one original")(env.verifyPassenger(env.Store, staff.Window, Ref{h.Account(), guest.ID}, false))
	})
}

// Of eight concurrent checks at two issuers, without the holder's original, only as many succeed as
// there is room for.
func TestG04_ConcurrentChecksDoNotExceedTheLimit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		other, _ := env.newIssuer()
		for _, store := range []*Store{env.Store, other} {
			setLimits(env, store, func(l *rules.Limits) { l.Passengers = 5 })
		}
		for i := range 3 {
			verifyResident(env, h, env.addPassenger(h, resident(10+i)).ID)
		}
		var waiting []Ref
		for i := range 8 {
			waiting = append(waiting, Ref{h.Account(), env.addPassenger(h, resident(20+i)).ID})
		}
		got := env.whileLocked(h, len(waiting), func(i int) error {
			store := []*Store{env.Store, other}[i%2]
			_, err := store.Verify(t.Context(), Check{Principal: env.by(staff.Window), Entry: waiting[i], Version: 1, Visit: validVisit, Matches: true})
			return err
		})
		if got[""] != 2 || got[rules.HolderOriginalMissing] != 6 {
			t.Fatalf("%v", got)
		}
		if n := env.Count(`SELECT COUNT(*) FROM passengers WHERE status IN (1, 3, 4)`); n != 5 {
			t.Fatalf("%d are counted", n)
		}
	})
}

// The actions are additions, edits, checks and deletions at two issuers.
func TestConcurrentActionsKeepTheLimits(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		other, _ := env.newIssuer()
		stores := []*Store{env.Store, other}
		for _, store := range stores {
			setLimits(env, store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted, l.Uncounted, l.Lines = 6, 2, 4, 14 })
		}
		var beyond, failed atomic.Int64
		for round := range 6 {
			env.AtOnce(40, func(i int) error {
				r := rand.New(rand.NewPCG(uint64(round), uint64(i)))
				return randomAction(env, stores[i%2], h, r, &beyond, &failed)
			})
			l, err := env.List(t.Context(), h)
			env.Must(err)
			var c rules.Counts
			for _, p := range l.Passengers {
				c.Add(p.Status, 1)
			}
			if c.ToBeSubmitted > 2 || int64(c.Counted) > 6+beyond.Load() || int64(c.Pending+c.Failed) > 4+failed.Load() || len(l.Passengers) > 14 {
				t.Fatalf("%+v, %d verified with both originals, %d failed", c, beyond.Load(), failed.Load())
			}
		}
		if l, err := env.List(t.Context(), h); err != nil || len(l.Passengers) < 6 {
			t.Fatalf("%d lines are too few for the test: %v", len(l.Passengers), err)
		}
	})
}

// randomAction performs a random action on the list, as a holder or a window.
func randomAction(env *setup, store *Store, h account.Holder, r *rand.Rand, beyond, failed *atomic.Int64) error {
	ctx := env.T.Context()
	person := resident(100 + r.IntN(800))
	if r.IntN(3) == 0 {
		person = visitor(r.IntN(900))
	}
	if r.IntN(3) == 0 {
		_, err := store.Add(ctx, h, enteredPassenger(person))
		return err
	}
	l, err := store.List(ctx, h)
	if err != nil || len(l.Passengers) == 0 {
		return err
	}
	p := l.Passengers[r.IntN(len(l.Passengers))]
	ref := Ref{h.Account(), p.ID}
	switch r.IntN(5) {
	case 0:
		_, err = store.Edit(ctx, h, p.ID, p.Version, enteredPassenger(person))
	case 1:
		err = store.Delete(ctx, h, p.ID)
	case 2:
		if _, err = store.Verify(ctx, Check{Principal: env.by(staff.Window), Entry: ref, Version: p.Version, Visit: validVisit}); err == nil {
			failed.Add(1)
		}
	case 3:
		if _, err = store.Verify(ctx, Check{Principal: env.by(staff.Window), Entry: ref, Version: p.Version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, HolderOriginal: true}, Matches: true}); err == nil {
			beyond.Add(1) // or there was room anyway
		}
	default:
		_, err = store.Verify(ctx, Check{Principal: env.by(staff.Window), Entry: ref, Version: p.Version, Visit: validVisit, Matches: true})
	}
	return err
}

// P14, P15, P26: a window takes the identity from an account with a resident ID card, and its holder
// enters a passport. The list keeps its lines.
func TestP14_AccountThatChangedToAnotherDocument(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		citizen, pending, guest := env.addPassenger(h, resident(2)), env.addPassenger(h, resident(3)), env.addPassenger(h, visitor(1))
		verifyResident(env, h, citizen.ID)
		env.record(env.purchase(h, "T", citizen.ID, guest.ID))
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}))
		env.Must(env.editIdentity(h, visitor(9)))
		if l, err := env.List(t.Context(), h); err != nil || len(l.Passengers) != 3 || l.Own.Status != rules.ToBeSubmitted {
			t.Fatalf("%v with %d lines: %v", l.Own.Status, len(l.Passengers), err)
		}
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}, "", "for a visitor")
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{citizen.ID}}, rules.OtherDocumentsOnly, "for a resident")
		env.wantEventProblem(env.purchase(h, "S", guest.ID, citizen.ID), rules.OtherDocumentsOnly, "an order with a resident")
		env.Refuses(rules.OtherDocumentsOnly, "adds a resident")(env.Add(t.Context(), h, enteredPassenger(resident(4))))
		env.Refuses(rules.OtherDocumentsOnly, "edits a resident to another resident")(env.Edit(t.Context(), h, pending.ID, 1, enteredPassenger(resident(4))))
		env.Refuses(rules.TicketBought, "edits a visitor with a ticket to a resident")(env.Edit(t.Context(), h, guest.ID, 1, enteredPassenger(resident(4))))
		env.wantDecision(DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: "T-0"}, "", "a change of an earlier ticket")
		env.wantDecision(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "T-0"}, "", "a refund of an earlier ticket")
		env.Refused(env.Delete(t.Context(), h, citizen.ID), TicketsUnfinished, "while a journey is ahead")
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T-0"})
		for _, id := range []string{citizen.ID, pending.ID} {
			if err := env.Delete(t.Context(), h, id); err != nil {
				t.Errorf("an older resident passenger cannot be deleted: %v", err)
			}
		}
		env.Refused(env.Delete(t.Context(), h, guest.ID), rules.TicketBought, "a visitor with a ticket")
	})
}

// G07: an older resident passenger is not verified beyond the limit either.
func TestG07_OtherAccountsNeverExceedTheLimit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		citizen, guest := env.addPassenger(h, resident(2)), env.addPassenger(h, visitor(1))
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}))
		env.Must(env.editIdentity(h, visitor(9)))
		env.checkAtWindow(Ref{h.Account(), guest.ID}, true)
		setLimits(env, env.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 1, 1 })
		env.Refuses(rules.ListFull, "with both originals")(env.verifyPassenger(env.Store, staff.Window, Ref{h.Account(), citizen.ID}, true))
		found, err := env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(resident(2)))
		if err != nil || len(found) != 1 || found[0].HolderOriginalNeeded {
			t.Errorf("the search offers both originals: %+v, %v", found, err)
		}
		env.Refuses(rules.ListFull, "one more visitor")(env.Add(t.Context(), h, enteredPassenger(visitor(2))))
	})
}
