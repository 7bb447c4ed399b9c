package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Rule G39 and S4:23, for every document and status: resident IDs that wait or failed,
// and no name that is for windows only.
func TestG39_WhoIsVerifiedOnline(t *testing.T) {
	everything(func(d identity.DocumentType, s Status, name string) {
		a := account(d, s)
		var want problem.Code
		switch {
		case kindOf(d) == other:
			want = StationWindowOnly
		case name != "rp" && name != "rf":
			want = MoveRefused
		}
		refused(t, CanVerifyOnline(a), want, "%v %v", d, s)
		if want != "" {
			return
		}
		for _, special := range []func(*identity.Person){
			func(p *identity.Person) { p.Name.OverLong = true }, func(p *identity.Person) { p.Name.Uncommon = true }, func(p *identity.Person) { p.Substituted = true },
		} {
			b := a
			special(&b.Person)
			refused(t, CanVerifyOnline(b), StationWindowOnly, "a special name, %v", s)
		}
	})
}
