package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

// A hundred accounts take random allowed actions. The invariants of a list hold after each.
func TestRandomActionsKeepTheInvariants(t *testing.T) {
	limits := Limits{Passengers: 3, ToBeSubmitted: 2, Uncounted: 4, Lines: 10, Keep: 50 * time.Hour, TicketsInAll: 7, TicketsEach: 2}
	documents := identity.DocumentTypes()
	reached := map[string]int{}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := account(documents[r.IntN(4)], 0)
		a.Status = Initial(a.Person.Document)
		list, hour := []Passenger{}, now
		for range 400 {
			hour = hour.Add(time.Hour)
			fresh := person(documents[r.IntN(4)], r.IntN(20))
			if r.IntN(2) == 0 {
				fresh.Document = identity.ResidentID
			}
			matches := r.IntN(4) > 0
			at := -1
			if len(list) > 0 {
				at = r.IntN(len(list))
			}
			action := r.IntN(8)
			if at < 0 && action > 1 {
				continue
			}
			before := CountList(list, a.Person, -1)
			both, checked := false, false // both originals were shown; a check changed a status
			switch action {
			case 0:
				p := Passenger{Person: fresh, Status: Initial(fresh.Document), AddedAt: hour}
				if CanAdd(a, p, CountList(list, fresh, -1), limits) == nil {
					list = append(list, p)
					reached["add"]++
				}
			case 1: // the holder's own status
				if s, err := Verify(a.Self(), Contact{}, Visit{At: Window, Original: true, InDate: true, Readable: true}, matches); err == nil {
					a.Status = s
				} else if s, err := SettleForeign(a.Self(), matches); err == nil && r.IntN(3) == 0 {
					a.Status = s
				} else if s, err := CanEditOwn(a, fresh); err == nil && !CountList(list, fresh, -1).Duplicate {
					a.Person, a.Status = fresh, s
				}
			case 2:
				v := Visit{At: Window, Original: true, InDate: true, Readable: true, HolderOriginal: r.IntN(2) == 0}
				if s, err := Verify(list[at], a.ListContact(), v, matches); err == nil && CanExceed(a, list[at], v, before, limits) == nil {
					both = v.HolderOriginal && a.Person.Document == identity.ResidentID && list[at].Person.Document == identity.ResidentID
					list[at].Status, checked = s, true
					reached["verify"]++
				}
			case 3:
				if s, err := SettleForeign(list[at], matches); err == nil {
					list[at].Status, checked = s, true
					reached["decide"]++
				}
			case 4:
				was := list[at]
				if s, err := CanEdit(a, was, fresh, CountList(list, fresh, at), limits); err == nil {
					list[at].Person, list[at].Status = fresh, s
					reached["edit"]++
					if was.Status == Verified || was.Status == PreVerified || was.Status == ToBeSubmitted && was.Tickets > 0 {
						t.Fatalf("seed %d: %v with %d tickets was edited", seed, was.Status, was.Tickets)
					}
					if a.Person.Document != identity.ResidentID && fresh.Document == identity.ResidentID {
						t.Fatalf("seed %d: an account with another document made a resident passenger", seed)
					}
				}
			case 5:
				if p := list[at]; CanDelete(a, p, limits, hour) == nil {
					list = append(list[:at], list[at+1:]...)
					reached["delete"]++
					if p.Status.counted() && hour.Sub(p.AddedAt) < limits.Keep && !(a.Person.Document != identity.ResidentID && p.Person.Document == identity.ResidentID) {
						t.Fatalf("seed %d: %v was deleted after %v", seed, p.Status, hour.Sub(p.AddedAt))
					}
				}
			case 6:
				if n := 1 + r.IntN(2); CanBuy(a, list[at], n, limits) == nil {
					list[at].Tickets += n
					a.Tickets += n
					reached["buy"]++
					if a.Status == ToBeSubmitted && a.Tickets > 7 || list[at].Status == ToBeSubmitted && list[at].Tickets > 2 {
						t.Fatalf("seed %d: %d tickets in all, %d for one", seed, a.Tickets, list[at].Tickets)
					}
					if a.Person.Document != identity.ResidentID && list[at].Person.Document == identity.ResidentID {
						t.Fatalf("seed %d: an account with another document bought for a resident", seed)
					}
				}
			case 7: // a window takes the identity from the account
				if r.IntN(8) == 0 {
					a.Status = Failed
				}
			}
			c := CountList(list, a.Person, -1)
			if c.ToBeSubmitted > 2 || len(list) > 10 || c.Duplicate {
				t.Fatalf("seed %d: %+v", seed, c)
			}
			if c.Counted > before.Counted && c.Counted > 3 {
				if reached["exceed"]++; !both {
					t.Fatalf("seed %d: %d counted without both originals", seed, c.Counted)
				}
			}
			if n := c.Pending + c.Failed; n > before.Pending+before.Failed && n > 4 && !checked {
				t.Fatalf("seed %d: %d pending and failed", seed, n)
			}
			for i, p := range list {
				if !Possible(p.Person.Document, p.Status) || CountList(list, p.Person, i).Duplicate {
					t.Fatalf("seed %d: line %d is %v", seed, i, p.DocumentStatus())
				}
			}
			if !Possible(a.Person.Document, a.Status) {
				t.Fatalf("seed %d: the holder is %v", seed, a.DocumentStatus())
			}
		}
	}
	for _, action := range []string{"add", "verify", "decide", "edit", "delete", "buy", "exceed"} {
		if reached[action] < 50 {
			t.Errorf("%s was done only %d times: the test proves nothing about it", action, reached[action])
		}
	}
}
