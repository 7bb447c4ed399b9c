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

// limited gives a registry other limits.
func limited(w *system, b *Store, change func(l *rules.Limits)) {
	w.T.Helper()
	l := b.Limits()
	change(&l)
	w.Must(b.SetLimits(l))
}

// toCounter brings a passenger's original to a counter.
func (w *system) toCounter(b *Store, role staff.Role, r Ref, both bool) (rules.Status, error) {
	w.T.Helper()
	seen, err := b.ViewEntry(w.T.Context(), w.by(role), r)
	if err != nil {
		return 0, err
	}
	c := Check{Principal: w.by(role), Entry: r, Version: seen.Version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, HolderOriginal: both}, Matches: true}
	if seen.ProofNeeded {
		c.Proof = rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}
	}
	return b.Verify(w.T.Context(), c)
}

// Story: a list is full. A resident is added to it as pending and is verified with
// both originals; a visitor is not added; a deletion makes room for a resident who
// brings only their own original.
func TestG04_FullListNeedsBothOriginals(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		limited(w, w.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 2, 2 })
		first, early := w.adds(h, resident(2)), w.adds(h, resident(3))
		guest := w.adds(h, visitor(1))
		if first.HolderOriginal || early.HolderOriginal || guest.HolderOriginal {
			t.Error("a list with room asks for both originals")
		}
		verifyResident(w, h, first.ID) // with the guest, who is to be submitted, there are two now
		w.Refuses(rules.ListFull, "a visitor beyond the limit")(w.Add(t.Context(), h, entered(visitor(2))))
		late := w.adds(h, rare(resident(4)))
		if !late.HolderOriginal || !w.lineOf(h, late.ID).HolderOriginal || !w.lineOf(h, early.ID).HolderOriginal || w.lineOf(h, guest.ID).HolderOriginal {
			t.Error("the list does not say whose check needs both originals")
		}
		found, err := w.FindEntries(t.Context(), w.by(staff.Agency), shown(resident(3)))
		if err != nil || len(found) != 1 || !found[0].HolderOriginalNeeded {
			t.Errorf("found %+v: %v", found, err)
		}
		r := Ref{h.Account(), early.ID}
		if seen, err := w.ViewEntry(t.Context(), w.by(staff.Agency), r); err != nil || !seen.HolderOriginalNeeded {
			t.Errorf("a look says %v: %v", seen.HolderOriginalNeeded, err)
		}
		w.Refuses(rules.HolderOriginalMissing, "one original")(w.toCounter(w.Store, staff.Agency, r, false))
		if s := w.lineOf(h, early.ID); s.Status != rules.Pending || s.Version != 1 {
			t.Errorf("after the refusal: %v", s.Status)
		}
		w.becomes(rules.Verified, "both originals")(w.toCounter(w.Store, staff.Agency, r, true))
		detail := ""
		if err := w.DB.Writer().QueryRow(`SELECT detail FROM audit WHERE object = $1 ORDER BY id DESC LIMIT 1`, early.ID).Scan(&detail); err != nil || !strings.Contains(detail, "both originals") {
			t.Errorf("the trail says %q: %v", detail, err)
		}
		r = Ref{h.Account(), late.ID} // G06
		w.Refuses(rules.StationWindowOnly, "a traditional name at an agency")(w.toCounter(w.Store, staff.Agency, r, true))
		w.becomes(rules.Verified, "at a window")(w.toCounter(w.Store, staff.Window, r, true))
		// Four count. After 180 days three go; then one original is enough.
		last := w.adds(h, resident(5))
		w.Pass(180 * day)
		h = again(w, h)
		for _, id := range []string{first.ID, early.ID, late.ID} {
			w.Must(w.Delete(t.Context(), h, id))
		}
		if w.lineOf(h, last.ID).HolderOriginal {
			t.Error("there is room, and both originals are asked for")
		}
		verifyResident(w, h, last.ID)
	})
}

// An entry that failed before the list was full is checked like a pending one.
func TestG05_NoOtherDocumentBeyondTheLimit(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		guest := w.adds(h, visitor(1))
		w.checks(Ref{h.Account(), guest.ID}, false)
		limited(w, w.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 1, 1 })
		verifyResident(w, h, w.adds(h, resident(2)).ID)
		w.Refuses(rules.ListFull, "an edit that would make it count again")(w.Edit(t.Context(), h, guest.ID, 2, entered(visitor(2))))
		if _, err := w.Edit(t.Context(), h, guest.ID, 2, entered(resident(3))); err != nil {
			t.Fatalf("an edit to a resident: %v", err)
		}
		w.Refuses(rules.HolderOriginalMissing, "one original")(w.toCounter(w.Store, staff.Window, Ref{h.Account(), guest.ID}, false))
	})
}

// Eight pending ones come to counters of two issuers at once, without the account
// holder's original: only as many are verified as there is room for.
func TestG04_RoomIsGivenOnceHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		other, _ := w.issuer()
		for _, b := range []*Store{w.Store, other} {
			limited(w, b, func(l *rules.Limits) { l.Passengers = 5 })
		}
		for i := range 3 {
			verifyResident(w, h, w.adds(h, resident(10+i)).ID)
		}
		var waiting []Ref
		for i := range 8 {
			waiting = append(waiting, Ref{h.Account(), w.adds(h, resident(20+i)).ID})
		}
		got := w.inTheWay(h, len(waiting), func(i int) error {
			b := []*Store{w.Store, other}[i%2]
			_, err := b.Verify(t.Context(), Check{Principal: w.by(staff.Window), Entry: waiting[i], Version: 1, Visit: goodVisit, Matches: true})
			return err
		})
		if got[""] != 2 || got[rules.HolderOriginalMissing] != 6 {
			t.Fatalf("%v", got)
		}
		if n := w.Count(`SELECT COUNT(*) FROM passengers WHERE status IN (1, 3, 4)`); n != 5 {
			t.Fatalf("%d count", n)
		}
	})
}

// Additions, edits, checks and deletions at once, at two issuers: whatever their
// order, the list has the room that the limits give and no more.
func TestListsKeepTheirLimitsWhateverComesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		other, _ := w.issuer()
		books := []*Store{w.Store, other}
		for _, b := range books {
			limited(w, b, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted, l.Uncounted, l.Lines = 6, 2, 4, 14 })
		}
		var beyond, failed atomic.Int64
		for round := range 6 {
			w.AtOnce(40, func(i int) error {
				r := rand.New(rand.NewPCG(uint64(round), uint64(i)))
				return oneOfMany(w, books[i%2], h, r, &beyond, &failed)
			})
			l, err := w.List(t.Context(), h)
			w.Must(err)
			var c rules.Counts
			for _, p := range l.Passengers {
				c.Add(p.Status, 1)
			}
			if c.ToBeSubmitted > 2 || int64(c.Counted) > 6+beyond.Load() || int64(c.Pending+c.Failed) > 4+failed.Load() || len(l.Passengers) > 14 {
				t.Fatalf("%+v, %d verified with both originals, %d failed", c, beyond.Load(), failed.Load())
			}
		}
		if l, err := w.List(t.Context(), h); err != nil || len(l.Passengers) < 6 {
			t.Fatalf("%d lines show nothing: %v", len(l.Passengers), err)
		}
	})
}

// oneOfMany does something at random with the list, as a holder or a window.
func oneOfMany(w *system, b *Store, h account.Holder, r *rand.Rand, beyond, failed *atomic.Int64) error {
	ctx := w.T.Context()
	somebody := resident(100 + r.IntN(800))
	if r.IntN(3) == 0 {
		somebody = visitor(r.IntN(900))
	}
	if r.IntN(3) == 0 {
		_, err := b.Add(ctx, h, entered(somebody))
		return err
	}
	l, err := b.List(ctx, h)
	if err != nil || len(l.Passengers) == 0 {
		return err
	}
	p := l.Passengers[r.IntN(len(l.Passengers))]
	ref := Ref{h.Account(), p.ID}
	switch r.IntN(5) {
	case 0:
		_, err = b.Edit(ctx, h, p.ID, p.Version, entered(somebody))
	case 1:
		err = b.Delete(ctx, h, p.ID)
	case 2:
		if _, err = b.Verify(ctx, Check{Principal: w.by(staff.Window), Entry: ref, Version: p.Version, Visit: goodVisit}); err == nil {
			failed.Add(1)
		}
	case 3:
		if _, err = b.Verify(ctx, Check{Principal: w.by(staff.Window), Entry: ref, Version: p.Version, Visit: rules.Visit{Original: true, InDate: true, Readable: true, HolderOriginal: true}, Matches: true}); err == nil {
			beyond.Add(1) // or there was room
		}
	default:
		_, err = b.Verify(ctx, Check{Principal: w.by(staff.Window), Entry: ref, Version: p.Version, Visit: goodVisit, Matches: true})
	}
	return err
}

// P14, P15, P26: a window takes the identity from an account with a resident ID card,
// its holder enters a passport. The list keeps its lines.
func TestP14_AccountThatHasAnotherDocumentNow(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		citizen, pending, guest := w.adds(h, resident(2)), w.adds(h, resident(3)), w.adds(h, visitor(1))
		verifyResident(w, h, citizen.ID)
		w.records(w.bought(h, "T", citizen.ID, guest.ID))
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}))
		w.Must(w.edits(h, visitor(9)))
		if l, err := w.List(t.Context(), h); err != nil || len(l.Passengers) != 3 || l.Own.Status != rules.ToBeSubmitted {
			t.Fatalf("%v with %d lines: %v", l.Own.Status, len(l.Passengers), err)
		}
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}, "", "for a visitor")
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{citizen.ID}}, rules.OtherDocumentsOnly, "for a resident")
		w.notRecorded(w.bought(h, "S", guest.ID, citizen.ID), rules.OtherDocumentsOnly, "an order with a resident")
		w.Refuses(rules.OtherDocumentsOnly, "adds a resident")(w.Add(t.Context(), h, entered(resident(4))))
		w.Refuses(rules.OtherDocumentsOnly, "makes another resident of one")(w.Edit(t.Context(), h, pending.ID, 1, entered(resident(4))))
		w.Refuses(rules.TicketBought, "makes a resident of a visitor with a ticket")(w.Edit(t.Context(), h, guest.ID, 1, entered(resident(4))))
		w.answered(DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: "T-0"}, "", "a change of what was bought before")
		w.answered(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "T-0"}, "", "a refund of it")
		w.Refused(w.Delete(t.Context(), h, citizen.ID), TicketsUnfinished, "while a journey is ahead")
		w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T-0"})
		for _, id := range []string{citizen.ID, pending.ID} {
			if err := w.Delete(t.Context(), h, id); err != nil {
				t.Errorf("a resident from before stays: %v", err)
			}
		}
		w.Refused(w.Delete(t.Context(), h, guest.ID), rules.TicketBought, "a visitor with a ticket")
	})
}

// G07: nor is a resident from before verified beyond the limit.
func TestG07_NoWayBeyondTheLimitForOtherAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		citizen, guest := w.adds(h, resident(2)), w.adds(h, visitor(1))
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}))
		w.Must(w.edits(h, visitor(9)))
		w.checks(Ref{h.Account(), guest.ID}, true)
		limited(w, w.Store, func(l *rules.Limits) { l.Passengers, l.ToBeSubmitted = 1, 1 })
		w.Refuses(rules.ListFull, "with both originals")(w.toCounter(w.Store, staff.Window, Ref{h.Account(), citizen.ID}, true))
		found, err := w.FindEntries(t.Context(), w.by(staff.Agency), shown(resident(2)))
		if err != nil || len(found) != 1 || found[0].HolderOriginalNeeded {
			t.Errorf("a search promises a way: %+v, %v", found, err)
		}
		w.Refuses(rules.ListFull, "one more visitor")(w.Add(t.Context(), h, entered(visitor(2))))
	})
}
