package articles_test

import (
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness"
)

// A registered user sees no older application.
func TestT18_ApplicationsOfTheLastMonthAreListed(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		first := a.Apply()
		first.Check()
		h.Clock.Move(48 * time.Hour)
		second := a.LogIn().Apply()
		second.Check()
		listed := func() (all []string) {
			for _, s := range a.LogIn().Applications() {
				all = append(all, s.Application)
			}
			slices.Sort(all)
			return all
		}
		both := []string{first.Application, second.Application}
		slices.Sort(both)
		h.Clock.Move(29*24*time.Hour - time.Second) // almost 31 days after the first
		h.Erase()
		if got := listed(); !slices.Equal(got, both) {
			t.Errorf("within the month: %v, want %v", got, both)
		}
		h.Clock.Move(2 * time.Second)
		h.Erase()
		if got := listed(); !slices.Equal(got, []string{second.Application}) {
			t.Errorf("after 31 days: %v, want %v", got, second.Application)
		}
	})
}

// An unregistered user has no list, and another account cannot read it.
func TestT19_OnlyTheAccountReadsItsApplications(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		p := a.Apply()
		p.Check()
		stranger, _ := h.Approved(h.Person())
		h.Call("GET", "/v1/account/applications", "", nil).Refused(t, account.LoginRequired)
		h.Call("GET", "/v1/account/applications", stranger.Token, nil).Refused(t, account.LoginRequired)
		other := h.Register(h.Person())
		if all := other.Applications(); len(all) != 0 {
			t.Errorf("another account sees %+v", all)
		}
		for _, token := range []string{other.Token, stranger.Token, ""} {
			h.Call("GET", "/v1/applications/"+p.Application, token, nil).Refused(t, credential.Unauthorized)
		}
	})
}
