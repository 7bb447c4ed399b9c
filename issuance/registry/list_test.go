package registry

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/issuerdb"
)

func TestB2_AccountsAddPassengersByStatus(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		citizen := w.registers(resident(1))
		w.Refuses(rules.AccountStatus, "a pending account adds")(w.Add(t.Context(), citizen, entered(resident(2))))
		w.checks(Ref{Account: citizen.Account()}, true)
		l := w.adds(citizen, resident(2))
		if l.Status != rules.Pending || l.Version != 1 || !l.AddedAt.Equal(w.Now()) || l.Policy != policy {
			t.Errorf("%v, version %d", l.Status, l.Version)
		}
		if got := w.lineOf(citizen, l.ID); got.Person != l.Person || got.Passenger.Status != l.Status || got.Version != 1 || !got.AgreedAt.Equal(l.AgreedAt) {
			t.Errorf("read back: %v, version %d", got.Status, got.Version)
		}
		w.Refuses(rules.AlreadyListed, "the same document twice")(w.Add(t.Context(), citizen, entered(resident(2))))
		w.Refuses(rules.AlreadyListed, "the holder")(w.Add(t.Context(), citizen, entered(resident(1))))

		foreigner := w.registers(visitor(1))
		if l := w.adds(foreigner, visitor(2)); l.Status != rules.ToBeSubmitted {
			t.Errorf("a visitor begins %v", l.Status)
		}
		w.Refuses(rules.OtherDocumentsOnly, "a to-be-submitted account adds a resident")(w.Add(t.Context(), foreigner, entered(resident(3))))
		w.checks(Ref{Account: foreigner.Account()}, false)
		w.Refuses(rules.AccountStatus, "a failed account adds")(w.Add(t.Context(), foreigner, entered(visitor(3))))
	})
}

func TestB12_NobodyIsListedWithoutConsent(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		for _, policy := range []string{"", "2025-01"} {
			w.Refuses(rules.ConsentMissing, "without consent to the policy in force")(w.Add(t.Context(), h, EnteredPassenger{resident(2), policy}))
		}
		e := resident(2)
		e.DocumentNumber = "110105199003070000"
		w.Refuses(rules.PersonInvalid, "a number that does not fit")(w.Add(t.Context(), h, entered(e)))
	})
}

// 200 visitors are added at once at two issuers: five come onto the list.
func TestB2_FiveToBeSubmittedHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		other, _ := w.issuer()
		got := w.AtOnce(200, func(i int) error {
			b := w.Store
			if i%2 == 1 {
				b = other
			}
			_, err := b.Add(t.Context(), h, entered(visitor(i)))
			return err
		})
		l, err := w.List(t.Context(), h)
		if got[""] != 5 || got[rules.ToBeSubmittedFull] != 195 || len(l.Passengers) != 5 || err != nil {
			t.Fatalf("%v, %d listed: %v", got, len(l.Passengers), err)
		}
	})
}

// 220 residents are added at once: a hundred come onto the list, where they are
// pending; what counts has its own limit.
func TestB3_HundredHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(999))
		got := w.AtOnce(220, func(i int) error {
			_, err := w.Add(t.Context(), h, entered(resident(i)))
			return err
		})
		l, err := w.List(t.Context(), h)
		if got[""] != 100 || got[rules.UncountedFull] != 120 || len(l.Passengers) != 100 || err != nil {
			t.Fatalf("%v, %d listed: %v", got, len(l.Passengers), err)
		}
	})
}

func TestB2_OneDocumentOnceHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		got := w.AtOnce(40, func(int) error {
			_, err := w.Add(t.Context(), h, entered(resident(2)))
			return err
		})
		if got[""] != 1 || got[rules.AlreadyListed] != 39 {
			t.Fatalf("%v", got)
		}
	})
}

// The Spring Festival comes and goes: the next decision goes by the new limits.
func TestB3_LimitsHoldFromTheMomentTheyAreSet(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.Limits()
		l.ToBeSubmitted = 2
		w.Must(w.SetLimits(l))
		w.adds(h, visitor(1))
		w.adds(h, visitor(2))
		w.Refuses(rules.ToBeSubmittedFull, "a third")(w.Add(t.Context(), h, entered(visitor(3))))
		l.ToBeSubmitted = 3
		w.Must(w.SetLimits(l))
		w.adds(h, visitor(3))
		l.ToBeSubmitted = 1
		w.Must(w.SetLimits(l))
		if list, err := w.List(t.Context(), h); len(list.Passengers) != 3 || err != nil {
			t.Fatalf("a lower limit removed somebody: %d, %v", len(list.Passengers), err)
		}
		if err := w.SetLimits(rules.Limits{}); err == nil || w.Limits() != l {
			t.Fatalf("limits that allow nothing were taken: %v", err)
		}
	})
}

func TestB4_KeptFor180Days(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		pending, seen, failed := w.adds(h, resident(2)), w.adds(h, resident(3)), w.adds(h, visitor(1))
		start := w.Now()
		w.checks(Ref{h.Account(), failed.ID}, false)
		w.Pass(time.Hour)
		verifyResident(w, h, seen.ID)
		err := w.Delete(t.Context(), h, seen.ID)
		w.Refused(err, rules.PassengerKept, "a verified passenger")
		var r *problem.Error
		if errors.As(err, &r); r.RetryAt != start.Add(180*day).Unix() {
			t.Errorf("may be deleted from %d, want 180 days after the addition", r.RetryAt)
		}
		for _, l := range []Line{pending, failed} {
			if err := w.Delete(t.Context(), h, l.ID); err != nil {
				t.Errorf("a %v passenger cannot be deleted: %v", l.Status, err)
			}
		}
		w.Refused(w.Delete(t.Context(), h, pending.ID), EntryNotFound, "once more")
		w.Pass(180*day - time.Hour - time.Millisecond)
		h = again(w, h)
		w.Refused(w.Delete(t.Context(), h, seen.ID), rules.PassengerKept, "a millisecond too early")
		w.Pass(time.Millisecond)
		if err := w.Delete(t.Context(), h, seen.ID); err != nil {
			t.Errorf("after 180 days: %v", err)
		}
	})
}

// verifyResident has a window verify a passenger with an ordinary name.
func verifyResident(w *system, h account.Holder, id string) {
	w.T.Helper()
	if s := w.checks(Ref{h.Account(), id}, true); s != rules.Verified {
		w.T.Fatalf("became %v", s)
	}
}

// again is a login of the same holder, whose first one ended meanwhile.
func again(w *system, h account.Holder) account.Holder {
	w.T.Helper()
	in, err := w.accounts.LogIn(w.T.Context(), "marked_login_1", password, issuerdb.Home)
	if err != nil || in.Account != h.Account() {
		w.T.Fatal(err)
	}
	next, err := w.accounts.Authorize(w.T.Context(), in.Token)
	w.Must(err)
	return next
}

func TestB4_ToBeSubmittedWithATicketStaysAsItIs(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, visitor(1))
		w.records(w.bought(h, "T1", l.ID))
		w.Refuses(rules.TicketBought, "an edit")(w.Edit(t.Context(), h, l.ID, l.Version, entered(visitor(2))))
		w.Pass(400 * day)
		w.Refused(w.Delete(t.Context(), h, l.ID), rules.TicketBought, "a deletion, long after")
	})
}

// Ours: a passenger with a journey ahead stays, even where rule B4 would let go.
func TestPassengerWithAJourneyAheadIsNotDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, resident(2))
		verifyResident(w, h, l.ID)
		w.Pass(180 * day)
		h = again(w, h)
		w.records(w.bought(h, "T1", l.ID))
		w.Refused(w.Delete(t.Context(), h, l.ID), TicketsUnfinished, "a journey ahead")
		w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"})
		if err := w.Delete(t.Context(), h, l.ID); err != nil {
			t.Errorf("after the refund: %v", err)
		}
	})
}

func TestEditsOfOneVersionDoNotOverwriteEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, resident(2))
		got := w.AtOnce(20, func(i int) error {
			_, err := w.Edit(t.Context(), h, l.ID, 1, entered(resident(100+i)))
			return err
		})
		if got[""] != 1 || got[EntryChanged] != 19 {
			t.Fatalf("%v", got)
		}
		now := w.lineOf(h, l.ID)
		if now.Version != 2 || now.Status != rules.Pending || now.Person == l.Person || !now.AddedAt.Equal(l.AddedAt) {
			t.Fatalf("version %d, %v", now.Version, now.Status)
		}
		same := identity.Entry{Name: now.Person.Name.Text, DocumentType: "resident_id", DocumentNumber: now.Person.Number}
		if again, err := w.Edit(t.Context(), h, l.ID, 2, entered(same)); err != nil || !reflect.DeepEqual(again, now) {
			t.Fatalf("an edit of nothing: version %d, %v", again.Version, err)
		}
		w.adds(h, resident(3))
		w.Refuses(rules.AlreadyListed, "a document that is on the list")(w.Edit(t.Context(), h, l.ID, 2, entered(resident(3))))
		w.Refuses(EntryNotFound, "an unknown passenger")(w.Edit(t.Context(), h, "psg_none", 1, entered(resident(4))))
		w.Refuses(EntryNotFound, "what is no id")(w.Edit(t.Context(), h, "' OR 1=1 --", 1, entered(resident(4))))
	})
}

func TestB4_FailedIsEditedAndPendingAgain(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, resident(2))
		if s := w.checks(Ref{h.Account(), l.ID}, false); s != rules.Failed {
			t.Fatalf("became %v", s)
		}
		w.Refuses(EntryChanged, "an edit of what was there before the check")(w.Edit(t.Context(), h, l.ID, l.Version, entered(resident(3))))
		l = w.lineOf(h, l.ID)
		l, err := w.Edit(t.Context(), h, l.ID, l.Version, entered(resident(3)))
		if err != nil || l.Status != rules.Pending {
			t.Fatalf("%v: %v", l.Status, err)
		}
		verifyResident(w, h, l.ID)
		w.Refuses(rules.IdentityFixed, "a verified passenger")(w.Edit(t.Context(), h, l.ID, l.Version+1, entered(resident(4))))
	})
}

// What one holder has, another one does not reach.
func TestListsAreTheirHolders(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		mine, theirs := w.verified(resident(1)), w.verified(resident(2))
		l := w.adds(mine, resident(3))
		w.Refuses(EntryNotFound, "an edit of somebody else's passenger")(w.Edit(t.Context(), theirs, l.ID, 1, entered(resident(4))))
		w.Refused(w.Delete(t.Context(), theirs, l.ID), EntryNotFound, "a deletion")
		w.notRecorded(w.bought(theirs, "T1", l.ID), EntryNotFound, "a purchase")
		if other := w.adds(theirs, resident(3)); other.Status != rules.Pending {
			t.Errorf("the same person on another list is %v", other.Status)
		}
	})
}
