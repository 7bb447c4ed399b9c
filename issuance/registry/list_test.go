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
	eachDatabase(t, func(t *testing.T, env *setup) {
		citizen := env.register(resident(1))
		env.Refuses(rules.AccountStatus, "a pending account adds")(env.Add(t.Context(), citizen, enteredPassenger(resident(2))))
		env.checkAtWindow(Ref{Account: citizen.Account()}, true)
		l := env.addPassenger(citizen, resident(2))
		if l.Status != rules.Pending || l.Version != 1 || !l.AddedAt.Equal(env.Now()) || l.Policy != policy {
			t.Errorf("%v, version %d", l.Status, l.Version)
		}
		if got := env.line(citizen, l.ID); got.Person != l.Person || got.Passenger.Status != l.Status || got.Version != 1 || !got.AgreedAt.Equal(l.AgreedAt) {
			t.Errorf("read back: %v, version %d", got.Status, got.Version)
		}
		env.Refuses(rules.AlreadyListed, "the same document twice")(env.Add(t.Context(), citizen, enteredPassenger(resident(2))))
		env.Refuses(rules.AlreadyListed, "the holder")(env.Add(t.Context(), citizen, enteredPassenger(resident(1))))

		foreigner := env.register(visitor(1))
		if l := env.addPassenger(foreigner, visitor(2)); l.Status != rules.ToBeSubmitted {
			t.Errorf("a new visitor is %v", l.Status)
		}
		env.Refuses(rules.OtherDocumentsOnly, "a to-be-submitted account adds a resident")(env.Add(t.Context(), foreigner, enteredPassenger(resident(3))))
		env.checkAtWindow(Ref{Account: foreigner.Account()}, false)
		env.Refuses(rules.AccountStatus, "a failed account adds")(env.Add(t.Context(), foreigner, enteredPassenger(visitor(3))))
	})
}

func TestB12_PassengerIsAddedOnlyWithConsent(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		for _, policy := range []string{"", "2025-01"} {
			env.Refuses(rules.ConsentMissing, "without consent to the current policy")(env.Add(t.Context(), h, EnteredPassenger{resident(2), policy}))
		}
		e := resident(2)
		e.DocumentNumber = "110105199003070000"
		env.Refuses(rules.PersonInvalid, "a wrong check digit")(env.Add(t.Context(), h, enteredPassenger(e)))
	})
}

// Of 200 concurrent additions of visitors at two issuers five succeed.
func TestB2_ConcurrentToBeSubmittedAdditionsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		other, _ := env.newIssuer()
		got := env.AtOnce(200, func(i int) error {
			store := env.Store
			if i%2 == 1 {
				store = other
			}
			_, err := store.Add(t.Context(), h, enteredPassenger(visitor(i)))
			return err
		})
		l, err := env.List(t.Context(), h)
		if got[""] != 5 || got[rules.ToBeSubmittedFull] != 195 || len(l.Passengers) != 5 || err != nil {
			t.Fatalf("%v, %d listed: %v", got, len(l.Passengers), err)
		}
	})
}

// Of 220 concurrent additions of pending residents a hundred succeed.
func TestB3_ConcurrentAdditionsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(999))
		got := env.AtOnce(220, func(i int) error {
			_, err := env.Add(t.Context(), h, enteredPassenger(resident(i)))
			return err
		})
		l, err := env.List(t.Context(), h)
		if got[""] != 100 || got[rules.UncountedFull] != 120 || len(l.Passengers) != 100 || err != nil {
			t.Fatalf("%v, %d listed: %v", got, len(l.Passengers), err)
		}
	})
}

func TestB2_ConcurrentAdditionsOfOneDocument(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		got := env.AtOnce(40, func(int) error {
			_, err := env.Add(t.Context(), h, enteredPassenger(resident(2)))
			return err
		})
		if got[""] != 1 || got[rules.AlreadyListed] != 39 {
			t.Fatalf("%v", got)
		}
	})
}

// The limits are changed for the Spring Festival and back.
func TestB3_LimitsApplyFromTheNextDecision(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.Limits()
		l.ToBeSubmitted = 2
		env.Must(env.SetLimits(l))
		env.addPassenger(h, visitor(1))
		env.addPassenger(h, visitor(2))
		env.Refuses(rules.ToBeSubmittedFull, "a third")(env.Add(t.Context(), h, enteredPassenger(visitor(3))))
		l.ToBeSubmitted = 3
		env.Must(env.SetLimits(l))
		env.addPassenger(h, visitor(3))
		l.ToBeSubmitted = 1
		env.Must(env.SetLimits(l))
		if list, err := env.List(t.Context(), h); len(list.Passengers) != 3 || err != nil {
			t.Fatalf("a lower limit removed a passenger: %d, %v", len(list.Passengers), err)
		}
		if err := env.SetLimits(rules.Limits{}); err == nil || env.Limits() != l {
			t.Fatalf("limits that allow nothing were accepted: %v", err)
		}
	})
}

func TestB4_CountedPassengerIsKeptFor180Days(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		pending, seen, failed := env.addPassenger(h, resident(2)), env.addPassenger(h, resident(3)), env.addPassenger(h, visitor(1))
		start := env.Now()
		env.checkAtWindow(Ref{h.Account(), failed.ID}, false)
		env.Pass(time.Hour)
		verifyResident(env, h, seen.ID)
		err := env.Delete(t.Context(), h, seen.ID)
		env.Refused(err, rules.PassengerKept, "a verified passenger")
		var r *problem.Error
		if errors.As(err, &r); r.RetryAt != start.Add(180*day).Unix() {
			t.Errorf("may be deleted from %d, want 180 days after the addition", r.RetryAt)
		}
		for _, l := range []Line{pending, failed} {
			if err := env.Delete(t.Context(), h, l.ID); err != nil {
				t.Errorf("a %v passenger cannot be deleted: %v", l.Status, err)
			}
		}
		env.Refused(env.Delete(t.Context(), h, pending.ID), EntryNotFound, "once more")
		env.Pass(180*day - time.Hour - time.Millisecond)
		h = logInAgain(env, h)
		env.Refused(env.Delete(t.Context(), h, seen.ID), rules.PassengerKept, "a millisecond too early")
		env.Pass(time.Millisecond)
		if err := env.Delete(t.Context(), h, seen.ID); err != nil {
			t.Errorf("after 180 days: %v", err)
		}
	})
}

// verifyResident has a window verify a passenger with an ordinary name.
func verifyResident(env *setup, h account.Holder, id string) {
	env.T.Helper()
	if s := env.checkAtWindow(Ref{h.Account(), id}, true); s != rules.Verified {
		env.T.Fatalf("became %v", s)
	}
}

// logInAgain logs the same holder in after the first login ended.
func logInAgain(env *setup, h account.Holder) account.Holder {
	env.T.Helper()
	in, err := env.accounts.LogIn(env.T.Context(), "marked_login_1", password, issuerdb.Home)
	if err != nil || in.Account != h.Account() {
		env.T.Fatal(err)
	}
	next, err := env.accounts.Authorize(env.T.Context(), in.Token)
	env.Must(err)
	return next
}

func TestB4_TicketFixesAToBeSubmittedPassenger(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, visitor(1))
		env.record(env.purchase(h, "T1", l.ID))
		env.Refuses(rules.TicketBought, "an edit")(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(visitor(2))))
		env.Pass(400 * day)
		env.Refused(env.Delete(t.Context(), h, l.ID), rules.TicketBought, "a deletion, long after")
	})
}

// Our choice: this applies even where rule B4 would allow the deletion.
func TestPassengerWithAJourneyAheadIsNotDeleted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		verifyResident(env, h, l.ID)
		env.Pass(180 * day)
		h = logInAgain(env, h)
		env.record(env.purchase(h, "T1", l.ID))
		env.Refused(env.Delete(t.Context(), h, l.ID), TicketsUnfinished, "a journey ahead")
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"})
		if err := env.Delete(t.Context(), h, l.ID); err != nil {
			t.Errorf("after the refund: %v", err)
		}
	})
}

func TestEditsOfOneVersionDoNotOverwriteEachOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		got := env.AtOnce(20, func(i int) error {
			_, err := env.Edit(t.Context(), h, l.ID, 1, enteredPassenger(resident(100+i)))
			return err
		})
		if got[""] != 1 || got[EntryChanged] != 19 {
			t.Fatalf("%v", got)
		}
		now := env.line(h, l.ID)
		if now.Version != 2 || now.Status != rules.Pending || now.Person == l.Person || !now.AddedAt.Equal(l.AddedAt) {
			t.Fatalf("version %d, %v", now.Version, now.Status)
		}
		same := identity.Entry{Name: now.Person.Name.Text, DocumentType: "resident_id", DocumentNumber: now.Person.Number}
		if again, err := env.Edit(t.Context(), h, l.ID, 2, enteredPassenger(same)); err != nil || !reflect.DeepEqual(again, now) {
			t.Fatalf("an edit of nothing: version %d, %v", again.Version, err)
		}
		env.addPassenger(h, resident(3))
		env.Refuses(rules.AlreadyListed, "a document that is on the list")(env.Edit(t.Context(), h, l.ID, 2, enteredPassenger(resident(3))))
		env.Refuses(EntryNotFound, "an unknown passenger")(env.Edit(t.Context(), h, "psg_none", 1, enteredPassenger(resident(4))))
		env.Refuses(EntryNotFound, "an invalid id")(env.Edit(t.Context(), h, "' OR 1=1 --", 1, enteredPassenger(resident(4))))
	})
}

func TestB4_FailedPassengerIsEditedAndPendingAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		if s := env.checkAtWindow(Ref{h.Account(), l.ID}, false); s != rules.Failed {
			t.Fatalf("became %v", s)
		}
		env.Refuses(EntryChanged, "an edit of the version before the check")(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(resident(3))))
		l = env.line(h, l.ID)
		l, err := env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(resident(3)))
		if err != nil || l.Status != rules.Pending {
			t.Fatalf("%v: %v", l.Status, err)
		}
		verifyResident(env, h, l.ID)
		env.Refuses(rules.IdentityFixed, "a verified passenger")(env.Edit(t.Context(), h, l.ID, l.Version+1, enteredPassenger(resident(4))))
	})
}

func TestListBelongsToItsHolder(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		mine, theirs := env.registerVerified(resident(1)), env.registerVerified(resident(2))
		l := env.addPassenger(mine, resident(3))
		env.Refuses(EntryNotFound, "an edit of another holder's passenger")(env.Edit(t.Context(), theirs, l.ID, 1, enteredPassenger(resident(4))))
		env.Refused(env.Delete(t.Context(), theirs, l.ID), EntryNotFound, "a deletion")
		env.wantEventProblem(env.purchase(theirs, "T1", l.ID), EntryNotFound, "a purchase")
		if other := env.addPassenger(theirs, resident(3)); other.Status != rules.Pending {
			t.Errorf("the same person on another list is %v", other.Status)
		}
	})
}
