package rules

import (
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

func TestB4_ClosingDoesNotFreeWhatTheRulesKeep(t *testing.T) {
	const day = 24 * time.Hour
	l := DefaultLimits()
	old := func(d identity.DocumentType, s Status, days, tickets int) Passenger {
		p := passenger(d, s)
		p.AddedAt, p.Tickets = now.Add(-time.Duration(days)*day), tickets
		return p
	}
	for _, c := range []struct {
		story   string
		status  Status // of an account with a passport
		tickets int
		list    []Passenger
		days    int
	}{
		{"an empty list", Verified, 9, nil, 0},
		{"a verified passenger of 30 days", Verified, 9, []Passenger{old(identity.TaiwanPermit, Verified, 30, 9)}, 150},
		{"two, the later one counts", Verified, 0, []Passenger{old(identity.Passport, PreVerified, 5, 0), old(identity.TaiwanPermit, Verified, 170, 0)}, 175},
		{"who may be deleted", Verified, 9, []Passenger{old(identity.Passport, Verified, 180, 3), old(identity.ResidentID, Pending, 1, 0), old(identity.Passport, Failed, 1, 4)}, 0},
		{"a resident from before", Verified, 9, []Passenger{old(identity.ResidentID, Verified, 30, 9)}, 0},
		{"a to-be-submitted passenger, long on the list", Verified, 0, []Passenger{old(identity.Passport, ToBeSubmitted, 400, 0)}, 0},
		{"the same with a ticket", Verified, 1, []Passenger{old(identity.Passport, ToBeSubmitted, 400, 1)}, 180},
		{"a to-be-submitted account", ToBeSubmitted, 0, nil, 0},
		{"the same with a ticket", ToBeSubmitted, 1, nil, 180},
		{"a failed account with tickets", Failed, 20, nil, 0},
	} {
		a := account(identity.Passport, c.status)
		a.Tickets = c.tickets
		if got, want := TakenUntil(a, c.list, l, now), now.Add(time.Duration(c.days)*day); !got.Equal(want) {
			t.Errorf("%s: held for %v, want %d days", c.story, got.Sub(now), c.days)
		}
	}
}

func TestB11_TheAccountThatLosesAnIdentityFailed(t *testing.T) {
	if FreedStatus != Failed {
		t.Errorf("it is %v", FreedStatus)
	}
	refused(t, CanFreeIdentity(Visit{At: Window, Original: true, InDate: true, Readable: true}), "", "a window")
	refused(t, CanFreeIdentity(Visit{At: Agency, Original: true, InDate: true, Readable: true}), StationWindowOnly, "an agency")
}
