package staff

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
)

// Every purpose is tried with every role, and with a credential that is limited to one purpose.
func TestPurposeNeedsTheRoleAndTheCredential(t *testing.T) {
	may := map[Role]string{Window: "sale refund change verify", Agency: "sale verify", Police: "verify"}
	for _, role := range append(Roles(), "") {
		m := Member{credential: &Credential{Roles: []Role{role}}}
		bound := Member{credential: &Credential{Roles: []Role{role}, Purposes: []Purpose{Verification}}}
		for _, p := range append(Purposes(), "", "entry") {
			want := p != "" && strings.Contains(may[role], string(p))
			if err := m.For(p); (err == nil) != want || err != nil && !problem.Is(err, PurposeForbidden) {
				t.Errorf("%s for %q: %v", role, p, err)
			}
			if err := bound.For(p); (err == nil) != (want && p == Verification) {
				t.Errorf("%s bound to verify, for %q: %v", role, p, err)
			}
		}
	}
	if (Member{}).For(Verification) == nil {
		t.Error("a member without a role may identify")
	}
	for _, p := range Purposes() {
		if parsed, err := ParsePurpose(string(p)); err != nil || parsed != p || p.Scope() == 0 {
			t.Errorf("%q is %q: %v", p, parsed, err)
		}
	}
	if _, err := ParsePurpose("entry"); err == nil || Purpose("entry").Scope() != 0 {
		t.Error("entry is a purpose")
	}
}

func TestPurposesOfACredentialAreChecked(t *testing.T) {
	for what, c := range map[string]struct {
		roles    []Role
		purposes []Purpose
	}{
		"unknown":         {[]Role{Window}, []Purpose{"entry"}},
		"twice":           {[]Role{Window}, []Purpose{Sale, Sale}},
		"beyond the role": {[]Role{Agency}, []Purpose{Refunding}},
		"of an operator":  {[]Role{Operator}, []Purpose{Verification}},
	} {
		_, credential, err := New("desk", c.roles...)
		if err != nil {
			t.Fatal(err)
		}
		credential.Purposes = c.purposes
		if _, err := NewList(Config{Credentials: []Credential{credential}}); err == nil || !strings.Contains(err.Error(), "purposes[") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
